"""Writing the steps of a review: what happened, when, by whom; each beside its audit record (CONTRACT 8, 9)."""

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
    """The review as it stands now, locked until the end of the caller's transaction.

    The gate against a running close comes first: the same order everywhere, so that nobody waits in a circle.
    """
    booking.lock_shared()
    return (
        Review.objects.select_for_update(of=("self",)).select_related("affiliate__user", "agreement").get(pk=review.pk)
    )


def append_event(
    *, review: Review, kind: ReviewEvent.Kind, now: datetime, by: User | None, text: str = "", private: bool = False
) -> ReviewEvent:
    """Append one step; the caller has locked or just made `review`."""
    last = ReviewEvent.objects.filter(review=review).aggregate(last=Max("number"))["last"] or 0
    return ReviewEvent.objects.create(
        review=review, number=last + 1, kind=kind, at=now, by=by, text=text, clause=review.clause, private=private
    )


def update_review(
    *, review: Review, expected: Review.State, now: datetime, by: User | None, action: str, **fields: Any
) -> None:
    """Change `review` while it is `expected` and audit it; IllegalTransition where somebody was faster."""
    before = {name: getattr(review, name) for name in fields}
    if not Review.objects.filter(pk=review.pk, state=expected).update(**fields):
        raise IllegalTransition(_("This review is no longer %(state)s.") % {"state": expected.label})
    for name, value in fields.items():
        setattr(review, name, value)
    record_audit(review=review, action=action, now=now, by=by, before=before, after=fields)


def record_audit(
    *,
    review: Review,
    action: str,
    now: datetime,
    by: User | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    reason = review.decision_reason if "decision" in (after or {}) else ""
    trail.record(action=action, subject=review, now=now, by=by, before=before, after=after, reason=reason)


def require_text(text: str, field: str) -> str:
    """`text` without outer blanks; ValidationError with the field's name where nothing is left."""
    stripped = text.strip()
    if not stripped:
        raise ValidationError({field: _("Please say why.") if field != "text" else _("Please write something.")})
    return stripped
