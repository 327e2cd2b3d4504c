"""Effects of a decision, of a granted appeal and of the end of a review (specification 8)."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import status_history
from affiliates.models import Affiliate, State, StatusChange
from compliance import review_money, timeline
from compliance.deadlines import add_days
from compliance.grounds import cite_review_clause, is_missed_target
from compliance.models import Review, ReviewEvent, TerminationNotice
from compliance.offboarding import suspension, termination

Decision = Review.Decision
HOLDING_DECISIONS = (Decision.FORFEITURE, Decision.TERMINATION)


def apply_decision(*, review: Review, now: datetime, by: User | None) -> None:
    """Apply the decision of `review`, except a forfeiture, which waits for the appeal."""
    if review.decision in HOLDING_DECISIONS:
        review_money.hold_commissions(
            review=review, commissions=list(review.commissions.filter(forfeited_at=None)), now=now, by=by
        )
    else:
        release_hold(review=review, now=now, by=by)
    if review.decision == Decision.SUSPENSION:
        _suspend(review, now, by)
    elif review.decision == Decision.TERMINATION:
        _terminate(review, now, by)


def release_hold(*, review: Review, now: datetime, by: User | None) -> bool:
    """Release what `review` holds and record an event; return whether it held anything."""
    released = review_money.release_hold(review=review, now=now, by=by)
    if released:
        timeline.append_event(review=review, kind=ReviewEvent.Kind.HOLD_RELEASED, now=now, by=by)
    return released


def finalize_decision(*, review: Review, now: datetime, by: User | None) -> None:
    """Post the forfeiture that waited for the appeal and release the hold (clause 8.8)."""
    if review.decision in HOLDING_DECISIONS:
        forfeited = review_money.forfeit_commissions(review=review, now=now, by=by)
        if forfeited:
            timeline.append_event(review=review, kind=ReviewEvent.Kind.FORFEITED, now=now, by=by)
    release_hold(review=review, now=now, by=by)


def undo_decision(*, review: Review, now: datetime, by: User | None) -> None:
    """Restore money and links after a granted appeal (clause 8.7)."""
    release_hold(review=review, now=now, by=by)
    if review.decision == Decision.SUSPENSION:
        _lift_suspension(review, now, by)
    elif review.decision == Decision.TERMINATION:
        _restore_status(review, now, by)


def _suspend(review: Review, now: datetime, by: User | None) -> None:
    # Staff may already have suspended the affiliate while the review was open.
    if review.affiliate.state != State.SUSPENDED:
        suspension.suspend(affiliate=review.affiliate, reason=review.decision_reason, now=now, by=by, review=review)


def _terminate(review: Review, now: datetime, by: User | None) -> None:
    if review.affiliate.state == State.TERMINATED:
        raise ValidationError({"decision": _("The affiliate's agreement has already ended.")})
    if is_missed_target(review):
        termination.give_notice(
            affiliate=review.affiliate,
            ground=TerminationNotice.Ground.TARGET,
            reason=review.decision_reason,
            now=now,
            by=by,
            review=review,
        )
    else:
        termination.end_for_breach(review=review, now=now, by=by)


def _lift_suspension(review: Review, now: datetime, by: User | None) -> None:
    if review.affiliate.state != State.SUSPENDED or is_suspended_by_another_review(review):
        return
    suspension.reinstate(affiliate=review.affiliate, reason=_("Your appeal was granted."), now=now, by=by)


def is_suspended_by_another_review(review: Review) -> bool:
    """Return whether a suspension by another review is still in effect."""
    others = Review.objects.filter(
        affiliate=review.affiliate, decision=Decision.SUSPENSION, decided_at__gte=review.affiliate.state_since
    )
    return others.exclude(pk=review.pk).exclude(appeal=Review.Appeal.GRANTED).exists()


def _restore_status(review: Review, now: datetime, by: User | None) -> None:
    """Restore the state before the termination by `review`, including an earlier leave or suspension."""
    affiliate = review.affiliate
    termination.revoke_review_notice(review=review, now=now, by=by)
    if affiliate.state != State.TERMINATED or not _was_ended_by(review):
        return
    before = _get_state_before(affiliate)
    reason = _("Your appeal was granted.")
    status_history.change_status(
        affiliate=affiliate, to=State.ACTIVE, now=now, by=by, reason=reason, clause=cite_review_clause(review)
    )
    if before.after in (State.LEAVING, State.SUSPENDED):
        _resume_status(affiliate, before, review, now, by)
    suspension.notify_reinstated(affiliate=affiliate, reason=reason, now=now)


def _resume_status(affiliate: Affiliate, before: StatusChange, review: Review, now: datetime, by: User | None) -> None:
    leaving = before.after == State.LEAVING
    status_history.change_status(
        affiliate=affiliate,
        to=State(before.after),
        now=now,
        by=by,
        reason=before.reason,
        clause=before.clause,
        # The history is ordered by time, so two changes must not have the same instant.
        at=now + timedelta(microseconds=1),
        notice_ends_at=add_days(before.at, review.agreement.termination_notice_days) if leaving else None,
    )


def _was_ended_by(review: Review) -> bool:
    """Return whether `review` ended the agreement, not the affiliate, the end of the program or another review."""
    if is_missed_target(review):
        return TerminationNotice.objects.filter(review=review, state=TerminationNotice.State.CARRIED_OUT).exists()
    last = _list_status_changes(review.affiliate)[-1]
    return last.breach and last.recorded_at == review.decided_at


def _get_state_before(affiliate: Affiliate) -> StatusChange:
    return _list_status_changes(affiliate)[-2]


def _list_status_changes(affiliate: Affiliate) -> list[StatusChange]:
    return list(StatusChange.objects.filter(affiliate=affiliate).order_by("at", "id"))
