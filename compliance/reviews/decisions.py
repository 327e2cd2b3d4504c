"""Decisions of reviews (specification 8, clauses 8.5 and 8.8)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from affiliates.models import State
from compliance import emails, timeline
from compliance.deadlines import add_days, is_over
from compliance.grounds import is_missed_target, list_possible_decisions
from compliance.models import Review, ReviewEvent
from compliance.offboarding import termination
from compliance.reviews import consequences, deadlines_task
from compliance.reviews.replies import clean_text
from lib.formatting import format_datetime

Decision = Review.Decision


@transaction.atomic
def decide(*, review: Review, decision: str, reason: str, now: datetime, by: User) -> Review:
    """Decide an open review with a reason, apply the decision and notify the affiliate, who may appeal.

    Dismissal, warning and suspension release the hold at once; forfeiture and termination hold the named commissions
    until the appeal is over. After `decide_by` nothing is held or forfeited. Raises ValidationError for a decision
    graver than the clause allows, for a forfeiture after `decide_by`, for a missing reason, and for anything but a
    dismissal while the affiliate can still reply and has not (specification 8, clauses 8.3 to 8.5).
    """
    reason = clean_text(reason, "reason")
    current = timeline.lock_review(review)
    if current.state != Review.State.OPEN:
        raise IllegalTransition(_("This review has already been decided."))
    require_uninvolved(by, [current.affiliate])
    chosen = _validate_decision(current, decision, now)
    deadlines_task.release_if_overdue(current, now=now)
    _store_decision(current, chosen, reason, now, by)
    consequences.apply_decision(review=current, now=now, by=by)
    if chosen == Decision.DISMISSED:
        timeline.append_event(review=current, kind=ReviewEvent.Kind.CLOSED, now=now, by=by)
    emails.send_review_decided(current)
    return current


def describe_missed_deadline(review: Review) -> str:
    """Say why the commissions that `review` names can no longer be forfeited in it (clause 8.4)."""
    # For staff, beside a form with dates in UTC.
    return _(
        "The commissions can no longer be forfeited in this review, because it was not decided by %(deadline)s."
    ) % {"deadline": format_datetime(review.decide_by)}


def _validate_decision(review: Review, decision: str, now: datetime) -> Review.Decision:
    if decision == Decision.FORFEITURE and is_over(review.decide_by, now):
        raise ValidationError({"decision": describe_missed_deadline(review)})
    if decision not in list_possible_decisions(review, now=now):
        raise ValidationError(
            {"decision": _("Clause %(clause)s does not allow this decision.") % {"clause": review.clause}}
        )
    chosen = Decision(decision)
    if obstacle := find_obstacle(review, chosen, now=now):
        values = {"decision": str(chosen.label).capitalize(), "obstacle": obstacle}
        raise ValidationError(
            {"decision": _("%(decision)s: %(obstacle)s. You can dismiss the review at any time.") % values}
        )
    return chosen


def find_obstacle(review: Review, decision: Review.Decision, *, now: datetime) -> str:
    """Return why a decision that the clause allows is not possible at `now`, and from when it is; "" if it is."""
    if decision == Decision.DISMISSED:
        return ""
    can_reply = not is_over(review.reply_by, now)
    if can_reply and not review.events.filter(kind=ReviewEvent.Kind.REPLY).exists():
        # For staff, beside a form with dates in UTC.
        until = {"until": format_datetime(review.reply_by)}
        return _("possible from %(until)s, or once the affiliate has replied") % until
    if decision in (Decision.SUSPENSION, Decision.TERMINATION):
        return _find_obstacle_of_state(review, decision)
    return ""


def _find_obstacle_of_state(review: Review, decision: Review.Decision) -> str:
    """Return why the affiliate's state does not permit a suspension or a termination; "" if it does."""
    affiliate = review.affiliate
    if affiliate.state == State.TERMINATED:
        return _("not possible, because the affiliate's agreement has already ended")
    if affiliate.state == State.LEAVING and (decision == Decision.SUSPENSION or is_missed_target(review)):
        return _("not possible, because the affiliate is leaving")
    notice = termination.find_running_notice(affiliate) if is_missed_target(review) else None
    if notice and decision == Decision.TERMINATION:
        ends_at = {"at": format_datetime(notice.takes_effect_at)}
        return _("not possible, because a notice of termination runs until %(at)s") % ends_at
    return ""


def _store_decision(review: Review, decision: Review.Decision, reason: str, now: datetime, by: User) -> None:
    timeline.append_event(
        review=review,
        kind=ReviewEvent.Kind.DECISION,
        now=now,
        by=by,
        text=f"{decision.label}: {reason}",
    )
    dismissed = decision == Decision.DISMISSED
    timeline.update_review(
        review=review,
        expected=Review.State.OPEN,
        now=now,
        by=by,
        action="review decided",
        reason=reason,
        state=Review.State.CLOSED if dismissed else Review.State.DECIDED,
        decision=decision,
        decided_at=now,
        decided_by=by,
        decision_reason=reason,
        appeal_by=None if dismissed else add_days(now, review.agreement.appeal_days),
        closed_at=now if dismissed else None,
    )
