"""The version that applies to an affiliate at an instant (specification 2), computed from two lists."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Subquery

from affiliates.models import Affiliate
from agreements import published_versions
from agreements.clauses import cite_clause
from agreements.models import Acceptance, AgreementVersion
from agreements.rules import Rule
from lib.request_values import is_sharing, read_once


class PublishedVersion(NamedTuple):
    id: UUID
    effective_at: datetime
    detriment: bool


class ApplicableVersion(NamedTuple):
    """The applicable version, None for none, and since when links and coupons are paused.

    They pause when a version with a detriment takes effect that the affiliate has not accepted.
    """

    agreement_id: UUID | None
    paused_since: datetime | None

    @property
    def is_paused(self) -> bool:
        return self.paused_since is not None


NO_VERSION = ApplicableVersion(None, None)


def resolve_applicable_version(
    versions: Sequence[PublishedVersion], accepted: Mapping[UUID, datetime], at: datetime
) -> ApplicableVersion:
    """Return the newest version in effect at `at` that was accepted by then, or that follows an accepted one through
    versions without detriment only.

    `versions` are in order of effect; `accepted` is {version id: accepted at}.
    """
    current = NO_VERSION
    for version in versions:
        if version.effective_at > at:
            break
        accepted_at = accepted.get(version.id)
        accepted_by_then = accepted_at is not None and accepted_at <= at
        follows = current.agreement_id is not None and not current.is_paused
        if accepted_by_then or (follows and not version.detriment):
            current = ApplicableVersion(version.id, None)
        elif follows:
            current = ApplicableVersion(current.agreement_id, version.effective_at)
    return current


class VersionPeriod(NamedTuple):
    """The applicable version from `since` on, and when the affiliate accepted it; None if it follows without."""

    agreement_id: UUID
    since: datetime
    accepted_at: datetime | None
    paused_since: datetime | None


def list_version_periods(
    versions: Sequence[PublishedVersion], accepted: Mapping[UUID, datetime], until: datetime
) -> list[VersionPeriod]:
    """Return which versions applied to an affiliate up to `until`, oldest first; arguments as above."""
    instants = sorted({*(version.effective_at for version in versions), *accepted.values()})
    periods: list[VersionPeriod] = []
    for at in instants:
        current = resolve_applicable_version(versions, accepted, at)
        if at > until or current.agreement_id is None:
            continue
        if periods and periods[-1].agreement_id == current.agreement_id:
            periods[-1] = periods[-1]._replace(paused_since=current.paused_since)
        else:
            periods.append(
                VersionPeriod(current.agreement_id, at, accepted.get(current.agreement_id), current.paused_since)
            )
    return periods


def load_version_periods(affiliate_id: UUID, *, until: datetime) -> list[tuple[str, VersionPeriod]]:
    """Return the names of the versions that applied to the affiliate up to `until`, with their periods, oldest first."""
    own = Acceptance.objects.filter(affiliate=affiliate_id, agreement=OuterRef("pk"))
    rows = AgreementVersion.objects.published().order_by("effective_at", "number")
    rows = rows.only("name", "number", "effective_at", "detriment")
    # Rows with `accepted_at`.
    versions: dict[UUID, Any] = {
        row.pk: row for row in rows.annotate(accepted_at=Subquery(own.values("accepted_at")[:1]))
    }
    published = [
        PublishedVersion(pk, row.effective_at, row.detriment) for pk, row in versions.items() if row.effective_at
    ]
    accepted = {pk: row.accepted_at for pk, row in versions.items() if row.accepted_at}
    periods = list_version_periods(published, accepted, until)
    return [(str(versions[period.agreement_id]), period) for period in periods]


def list_published_versions() -> list[PublishedVersion]:
    """Return all published versions in order of effect."""
    rows = AgreementVersion.objects.published().order_by("effective_at", "number")
    values = rows.values_list("id", "effective_at", "detriment")
    return [PublishedVersion(pk, effective_at, detriment) for pk, effective_at, detriment in values if effective_at]


def get_acceptance_times(affiliate_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, datetime]]:
    """Return {affiliate id: {version id: accepted at}}, in one query."""
    times: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    rows = Acceptance.objects.filter(affiliate__in=list(affiliate_ids))
    for affiliate_id, agreement_id, at in rows.values_list("affiliate_id", "agreement_id", "accepted_at"):
        times[affiliate_id][agreement_id] = at
    return times


@read_once
def read_acceptance_times(affiliate_id: UUID) -> dict[UUID, datetime]:
    """Return {version id: accepted at} of one affiliate."""
    return get_acceptance_times([affiliate_id]).get(affiliate_id, {})


def load_applicable_version(affiliate_id: UUID, *, at: datetime) -> ApplicableVersion:
    """Return which version applies to the affiliate at `at`: the versions are read with their acceptances."""
    if is_sharing():
        shared = [
            PublishedVersion(v.pk, v.effective_at, v.detriment)
            for v in published_versions.list_published_versions()
            if v.effective_at
        ]
        return resolve_applicable_version(shared, read_acceptance_times(affiliate_id), at)
    accepted = Acceptance.objects.filter(affiliate=affiliate_id, agreement=OuterRef("pk"))
    rows = AgreementVersion.objects.published().order_by("effective_at", "number")
    values = rows.values_list("id", "effective_at", "detriment", Subquery(accepted.values("accepted_at")[:1]))
    versions, times = [], {}
    for pk, effective_at, detriment, accepted_at in values:
        if effective_at:
            versions.append(PublishedVersion(pk, effective_at, detriment))
        if accepted_at:
            times[pk] = accepted_at
    return resolve_applicable_version(versions, times, at)


def get_applicable_version(affiliate_id: UUID, *, at: datetime) -> tuple[AgreementVersion | None, ApplicableVersion]:
    """Return the version that applies to the affiliate at `at` as a row (None for none), and its id with the pause."""
    applicable = load_applicable_version(affiliate_id, at=at)
    if applicable.agreement_id is None:
        return None, applicable
    if is_sharing():
        return next(
            one for one in published_versions.list_published_versions() if one.pk == applicable.agreement_id
        ), applicable
    return AgreementVersion.objects.filter(pk=applicable.agreement_id).first(), applicable


def cite_applicable_clause(affiliate: Affiliate, rule: str, at: datetime) -> str:
    """Cite the clause that states `rule` in the affiliate's applicable version, or else in the version in force.

    As "2.1 of version 1"; "" before there is any version.
    """
    version = get_applicable_version(affiliate.pk, at=at)[0] or AgreementVersion.objects.get_in_force(at)
    return cite_clause(version, Rule(rule))
