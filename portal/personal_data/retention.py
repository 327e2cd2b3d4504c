"""Deletion of what is retained, `retention_years` after an affiliate has gone (specification 9)."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from affiliates.models import Affiliate, State
from agreements import acceptances
from agreements.applicable_version import get_acceptance_times, list_published_versions, resolve_applicable_version
from agreements.models import AgreementVersion
from audit import trail
from compliance.models import Review, ReviewEvent, ReviewFile
from lib.triggers import allow_redaction
from payouts.ledger import booking
from payouts.models import Adjustment
from portal.erasure import erase_account, list_blockers
from portal.personal_data.erasing import replace_fields
from portal.personal_data.fields import ERASED_TEXT, Handling

GONE_STATES = (State.TERMINATED, State.REJECTED)
DEFAULT_YEARS: int = AgreementVersion._meta.get_field("retention_years").default
# No version may set a shorter time (specification 2).
LEAST_YEARS = 1
# As many as a page of staff shows, the earliest first.
MAX_SHOWN = 200


class Deletion(NamedTuple):
    """A deletion of retained data that is due at `due_at`, with what it waits for then."""

    affiliate: Affiliate
    gone_at: datetime
    agreement: AgreementVersion | None
    years: int
    due_at: datetime


def list_deletions(*, until: datetime) -> list[Deletion]:
    """Return the deletions due by `until`, the earliest first."""
    gone = Affiliate.objects.filter(
        state__in=GONE_STATES, retention_ended_at=None, state_since__lte=add_years(until, -LEAST_YEARS)
    ).select_related("user")
    deletions = [one for one in _find_terms(list(gone)) if one.due_at <= until]
    return sorted(deletions, key=lambda one: (one.due_at, one.affiliate.code))


def delete_due_data(*, now: datetime) -> int:
    """Delete the retained data of every affiliate whose time is over. Return how many are done."""
    return sum(_delete_retained(one, now) for one in list_deletions(until=now))


def count_retained(affiliate: Affiliate) -> dict[str, int]:
    """Return the number of rows that the deletion will change, by kind."""
    reviews = _select_decided_reviews(affiliate)
    return {
        "acceptances": affiliate.acceptances.filter(person__isnull=False).count(),
        "reviews": reviews.exclude(summary=ERASED_TEXT).count(),
        "files": ReviewFile.objects.filter(event__review__in=reviews).exclude(name=ERASED_TEXT).count(),
        "adjustments": Adjustment.objects.filter(affiliate=affiliate).exclude(reason=ERASED_TEXT).count(),
    }


def add_years(at: datetime, years: int) -> datetime:
    """Return the same day and time in another year; February 29 becomes March 1."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return (at - timedelta(days=1)).replace(year=at.year + years) + timedelta(days=1)


def _find_terms(affiliates: Iterable[Affiliate]) -> Iterator[Deletion]:
    """Yield the deletion of each, by the version that applied to them at the end, or else the one in force then."""
    affiliates = list(affiliates)
    published, accepted = list_published_versions(), get_acceptance_times(one.pk for one in affiliates)
    versions = AgreementVersion.objects.in_bulk([version.id for version in published])
    for affiliate in affiliates:
        gone_at = affiliate.state_since
        applicable = resolve_applicable_version(published, accepted.get(affiliate.pk, {}), gone_at)
        in_force = [version.id for version in published if version.effective_at <= gone_at]
        pk = applicable.agreement_id or (in_force[-1] if in_force else None)
        agreement = versions[pk] if pk else None
        years = agreement.retention_years if agreement else DEFAULT_YEARS
        yield Deletion(affiliate, gone_at, agreement, years, add_years(gone_at, years))


@transaction.atomic
def _delete_retained(deletion: Deletion, now: datetime) -> bool:
    """Delete the retained data; the account as well, unless something is open. Return whether nothing is left.

    What is open then, such as a negative balance, keeps only the account's own fields.
    """
    booking.lock_shared()
    affiliate = Affiliate.objects.select_for_update(of=["self"]).select_related("user").get(pk=deletion.affiliate.pk)
    if affiliate.state not in GONE_STATES or affiliate.state_since != deletion.gone_at:
        return False
    if affiliate.erased_at is None and not list_blockers(affiliate, now):
        reason = f"{deletion.years} years after the affiliate had gone."
        erase_account(affiliate=affiliate, now=now, by=None, reason=reason)
    counts = count_retained(affiliate)
    acceptances.erase_personal_fields(affiliate=affiliate)
    reviews = _select_decided_reviews(affiliate)
    with allow_redaction():
        for rows in (
            reviews,
            ReviewEvent.objects.filter(review__in=reviews),
            ReviewFile.objects.filter(event__review__in=reviews),
            Adjustment.objects.filter(affiliate=affiliate),
        ):
            replace_fields(rows, Handling.RETAINED, ERASED_TEXT)
    affiliate.refresh_from_db()
    is_done = affiliate.erased_at is not None and not Review.objects.for_affiliate(affiliate).open().exists()
    if is_done:
        Affiliate.objects.filter(pk=affiliate.pk).update(retention_ended_at=now)
    if is_done or any(counts.values()):
        trail.record(
            action="retained data deleted",
            subject=affiliate,
            now=now,
            by=None,
            after={**counts, "years": deletion.years, "version": deletion.agreement.name if deletion.agreement else ""},
            reason="The time for which it is kept is over.",
        )
    return is_done


def _select_decided_reviews(affiliate: Affiliate) -> QuerySet[Review]:
    return Review.objects.for_affiliate(affiliate).filter(state=Review.State.CLOSED)
