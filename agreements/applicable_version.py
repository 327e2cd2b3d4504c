"""The version that an affiliate is under at an instant (CONTRACT 2), as arithmetic over two lists."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from affiliates.models import Affiliate
from agreements.clauses import cite_clause
from agreements.models import Acceptance, AgreementVersion
from agreements.rules import Rule


class PublishedVersion(NamedTuple):
    id: UUID
    effective_at: datetime
    detriment: bool


class ApplicableVersion(NamedTuple):
    """Which version; None for none. `is_paused` since a version to their detriment took effect that they have not accepted."""

    agreement_id: UUID | None
    paused_since: datetime | None

    @property
    def is_paused(self) -> bool:
        return self.paused_since is not None


NO_VERSION = ApplicableVersion(None, None)


def resolve_applicable_version(
    versions: Sequence[PublishedVersion], accepted: Mapping[UUID, datetime], moment: datetime
) -> ApplicableVersion:
    """The newest version in effect at `moment` that was accepted by then, or that follows one which was through versions
    without detriment only. `versions` are in order of effect; `accepted` says when each was accepted."""
    current = NO_VERSION
    for version in versions:
        if version.effective_at > moment:
            break
        when = accepted.get(version.id)
        accepted_by_then = when is not None and when <= moment
        follows = current.agreement_id is not None and not current.is_paused
        if accepted_by_then or (follows and not version.detriment):
            current = ApplicableVersion(version.id, None)
        elif follows:
            current = ApplicableVersion(current.agreement_id, version.effective_at)
    return current


def list_published_versions() -> list[PublishedVersion]:
    """All published versions in order of effect."""
    rows = AgreementVersion.objects.published().order_by("effective_at", "number")
    found = rows.values_list("id", "effective_at", "detriment")
    return [PublishedVersion(pk, effective_at, detriment) for pk, effective_at, detriment in found if effective_at]


def get_acceptance_times(affiliate_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, datetime]]:
    """{affiliate: {version: accepted at}} for the affiliates named, in one query."""
    found: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    rows = Acceptance.objects.filter(affiliate__in=list(affiliate_ids))
    for affiliate_id, agreement_id, at in rows.values_list("affiliate_id", "agreement_id", "accepted_at"):
        found[affiliate_id][agreement_id] = at
    return found


def get_applicable_version(affiliate_id: UUID, *, at: datetime) -> tuple[AgreementVersion | None, ApplicableVersion]:
    """The version that one affiliate is under at `at`, as a row, with its pause."""
    under = resolve_applicable_version(
        list_published_versions(), get_acceptance_times([affiliate_id]).get(affiliate_id, {}), at
    )
    agreement = AgreementVersion.objects.filter(pk=under.agreement_id).first() if under.agreement_id else None
    return agreement, under


def cite_applicable_clause(affiliate: Affiliate, rule: str, at: datetime) -> str:
    """The clause that states `rule` in the version that `affiliate` is under at `at`, else in the one in force.

    As "2.1 of version 1"; "" before there is any.
    """
    agreement = get_applicable_version(affiliate.pk, at=at)[0] or AgreementVersion.objects.get_in_force(at)
    return cite_clause(agreement, Rule(rule))
