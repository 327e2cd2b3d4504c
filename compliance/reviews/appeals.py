"""Appeals by the affiliate, decided by a different reviewer (specification 8, clauses 8.6 and 8.7)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from compliance import emails, timeline
from compliance.deadlines import add_days, is_over
from compliance.models import Review, ReviewEvent
from compliance.reviews import consequences
from compliance.reviews.replies import clean_text


@transaction.atomic
def appeal(*, review: Review, text: str, now: datetime, by: User | None) -> Review:
    """Store the affiliate's appeal, made before `appeal_by`; staff then have `review_days` to decide it.

    Raises ValidationError if the text is empty or the appeal is late, IllegalTransition if no decision can be appealed.
    """
    text = clean_text(text)
    current = timeline.lock_review(review)
    if current.state != Review.State.DECIDED:
        raise IllegalTransition(_("There is no decision to appeal."))
    if is_over(current.appeal_by, now):
        raise ValidationError(_("The deadline for an appeal has passed."))
    timeline.append_event(review=current, kind=ReviewEvent.Kind.APPEAL, now=now, by=by, text=text)
    timeline.update_review(
        review=current,
        expected=Review.State.DECIDED,
        now=now,
        by=by,
        action="review appealed",
        reason="The affiliate appealed.",
        state=Review.State.APPEALED,
        appealed_at=now,
        appeal_decide_by=add_days(now, current.agreement.review_days),
    )
    return current


@transaction.atomic
def decide_appeal(*, review: Review, outcome: str, reason: str, now: datetime, by: User) -> Review:
    """Grant or refuse an appeal, with a reason.

    A granted appeal restores money and links; a refused one posts the forfeiture and ends the hold. Raises
    ValidationError if `by` decided the review, IllegalTransition from `appeal_decide_by` on, when
    the appeal is granted automatically.
    """
    reason = clean_text(reason, "reason")
    current = timeline.lock_review(review)
    require_uninvolved(by, [current.affiliate])
    if current.state != Review.State.APPEALED:
        raise IllegalTransition(_("There is no appeal to decide."))
    if is_over(current.appeal_decide_by, now):
        raise IllegalTransition(_("The deadline to decide this appeal has passed, so it is granted automatically."))
    if by.pk == current.decided_by_id:
        raise ValidationError(_("The appeal must be decided by a different reviewer."))
    if outcome not in Review.Appeal.values:
        raise ValidationError({"outcome": _("Choose whether to grant or refuse the appeal.")})
    close_appeal(current, outcome=Review.Appeal(outcome), reason=reason, now=now, by=by)
    return current


def close_appeal(review: Review, *, outcome: Review.Appeal, reason: str, now: datetime, by: User | None) -> None:
    """Record the outcome, apply it, close the review and notify the affiliate; the caller has locked `review`."""
    text = f"{outcome.label}: {reason}"
    timeline.append_event(review=review, kind=ReviewEvent.Kind.APPEAL_DECISION, now=now, by=by, text=text)
    timeline.update_review(
        review=review,
        expected=Review.State.APPEALED,
        now=now,
        by=by,
        action=f"appeal {outcome.value}",
        reason=reason,
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
