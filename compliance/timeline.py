"""Write review events and the matching audit records (specification 8 and 9)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from audit import trail
from compliance.models import Review, ReviewEvent
from payouts.ledger import booking


def lock_review(review: Review) -> Review:
    """Lock `review` until the end of the caller's transaction and return its current row.

    The ledger lock is taken first, in the same order everywhere, so that no deadlock with a running close is possible.
    """
    booking.lock_shared()
    return (
        Review.objects.select_for_update(of=("self",)).select_related("affiliate__user", "agreement").get(pk=review.pk)
    )


def append_event(
    *, review: Review, kind: ReviewEvent.Kind, now: datetime, by: User | None, text: str = "", private: bool = False
) -> ReviewEvent:
    """Append an event to `review`, which the caller has locked or just created."""
    last = ReviewEvent.objects.filter(review=review).aggregate(last=Max("number"))["last"] or 0
    return ReviewEvent.objects.create(
        review=review, number=last + 1, kind=kind, at=now, by=by, text=text, clause=review.clause, private=private
    )


def update_review(
    *, review: Review, expected: Review.State, now: datetime, by: User | None, action: str, reason: str, **fields: Any
) -> None:
    """Update `fields` of `review` and audit the change with its `reason`.

    Raises IllegalTransition if the review is no longer in the state `expected`.
    """
    before = {name: getattr(review, name) for name in fields}
    if not Review.objects.filter(pk=review.pk, state=expected).update(**fields):
        raise IllegalTransition(_("The status of this review has changed. Reload the page."))
    for name, value in fields.items():
        setattr(review, name, value)
    record_audit(review=review, action=action, now=now, by=by, before=before, after=fields, reason=reason)


def record_audit(
    *,
    review: Review,
    action: str,
    now: datetime,
    by: User | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str,
) -> None:
    trail.record(action=action, subject=review, now=now, by=by, before=before, after=after, reason=reason)


def require_text(text: str, field: str) -> str:
    """Return `text` without outer white space; raise ValidationError for `field` if nothing is left."""
    stripped = text.strip()
    if not stripped:
        raise ValidationError({field: _("This field is required.")})
    return stripped
