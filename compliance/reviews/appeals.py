"""Appeals: by the affiliate within the time, decided by somebody else (CONTRACT 8, clauses 8.6 and 8.7)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from compliance import emails, timeline
from compliance.deadlines import add_days, is_over
from compliance.models import Review, ReviewEvent
from compliance.reviews import consequences
from compliance.reviews.replies import clean_text


@transaction.atomic
def appeal(*, review: Review, text: str, now: datetime, by: User | None) -> Review:
    """Take the affiliate's appeal while `appeal_by` lies ahead; staff then have `review_days` to decide it.

    Refuses with ValidationError a late appeal and an empty one.
    """
    said = clean_text(text)
    current = timeline.lock_review(review)
    if current.state != Review.State.DECIDED:
        raise IllegalTransition(_("There is nothing to appeal against."))
    if is_over(current.appeal_by, now):
        raise ValidationError(_("The time to appeal is over."))
    timeline.append_event(review=current, kind=ReviewEvent.Kind.APPEAL, now=now, by=by, text=said)
    timeline.update_review(
        review=current,
        expected=Review.State.DECIDED,
        now=now,
        by=by,
        action="review appealed",
        state=Review.State.APPEALED,
        appealed_at=now,
        appeal_decide_by=add_days(now, current.agreement.review_days),
    )
    return current


@transaction.atomic
def decide_appeal(*, review: Review, outcome: str, reason: str, now: datetime, by: User) -> Review:
    """Grant or refuse an appeal, with a reason; never by whoever decided the review.

    Granted gives back money and links; refused posts the forfeiture and ends the hold. From `appeal_decide_by` on the
    appeal is granted by itself, so it is refused here.
    """
    why = clean_text(reason, "reason")
    current = timeline.lock_review(review)
    if current.state != Review.State.APPEALED:
        raise IllegalTransition(_("There is no appeal to decide."))
    if is_over(current.appeal_decide_by, now):
        raise IllegalTransition(_("The time to decide this appeal is over: it is granted by itself."))
    if by.pk in (current.decided_by_id, current.affiliate.user_id):
        raise ValidationError(_("Whoever decided the review may not decide its appeal."))
    if outcome not in Review.Appeal.values:
        raise ValidationError({"outcome": _("Grant or refuse the appeal.")})
    close_appeal(current, outcome=Review.Appeal(outcome), reason=why, now=now, by=by)
    return current


def close_appeal(review: Review, *, outcome: Review.Appeal, reason: str, now: datetime, by: User | None) -> None:
    """Write the outcome, bring it about, close the review and tell the affiliate; the caller has locked `review`."""
    text = f"{outcome.label}: {reason}"
    timeline.append_event(review=review, kind=ReviewEvent.Kind.APPEAL_DECISION, now=now, by=by, text=text)
    timeline.update_review(
        review=review,
        expected=Review.State.APPEALED,
        now=now,
        by=by,
        action=f"appeal {outcome.value}",
        state=Review.State.CLOSED,
        appeal=outcome,
        appeal_decided_at=now,
        appeal_decided_by=by,
        closed_at=now,
    )
    if outcome == Review.Appeal.GRANTED:
        consequences.undo_decision(review=review, now=now, by=by)
    else:
        consequences.finalize_decision(review=review, now=now, by=by)
    timeline.append_event(review=review, kind=ReviewEvent.Kind.CLOSED, now=now, by=by)
    emails.send_appeal_decided(review, reason=reason)
