"""Effects of a decision, of a granted appeal and of the end of a review (specification 8)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import status_history
from affiliates.models import State, StatusChange
from compliance import review_money, timeline
from compliance.grounds import cite_review_clause, is_missed_target
from compliance.models import Review, ReviewEvent, TerminationNotice
from compliance.offboarding import suspension, termination
from mail.rendering import override_language
from payouts.commissions.reattribution import reattribute_orders

Decision = Review.Decision


def apply_decision(*, review: Review, now: datetime, by: User | None) -> None:
    """Apply the decision of `review`, except a forfeiture, which waits for the appeal."""
    if review.forfeits:
        forfeitable = list(review_money.list_forfeitable_commissions(review))
        held = review_money.hold_commissions(review=review, commissions=forfeitable, now=now, by=by)
        if held:
            review_money.append_event(review, ReviewEvent.Kind.HELD, held, all_payouts=False, now=now, by=by)
    else:
        review_money.release_hold(review=review, now=now, by=by)
    if review.decision == Decision.SUSPENSION:
        suspension.suspend(affiliate=review.affiliate, reason=review.decision_reason, now=now, by=by, review=review)
    elif review.decision == Decision.TERMINATION:
        _terminate(review, now, by)


def finalize_decision(*, review: Review, now: datetime, by: User | None) -> None:
    """Post the forfeiture that waited for the appeal and release the hold (clause 8.8)."""
    if review.forfeits:
        forfeited = review_money.forfeit_commissions(review=review, now=now, by=by)
        if forfeited:
            timeline.append_event(review=review, kind=ReviewEvent.Kind.FORFEITED, now=now, by=by)
    review_money.release_hold(review=review, now=now, by=by)


def undo_decision(*, review: Review, now: datetime, by: User | None) -> None:
    """Restore money and links after a granted appeal, as if the decision had not been made (clause 8.7).

    Its forfeiture was not posted yet, because the appeal was open. Orders placed since then are attributed again.
    """
    review_money.release_hold(review=review, now=now, by=by)
    termination.revoke_review_notice(review=review, now=now, by=by)
    affiliate, before = review.affiliate, review.affiliate.state
    with override_language(affiliate.language):
        reason = _("Your appeal was granted.")
    for change in StatusChange.objects.in_effect().filter(affiliate=affiliate, source=review.source):
        status_history.annul_change(
            change=change, affiliate=affiliate, now=now, by=by, reason=reason, clause=cite_review_clause(review)
        )
        reattribute_orders(affiliate=affiliate, since=change.at, now=now, by=by, reason=reason)
    if affiliate.state == before:
        return
    if before == State.TERMINATED:
        termination.resume_notice(affiliate=affiliate, ended_at=review.decided_at, now=now, by=by, reason=reason)
    suspension.notify_reinstated(affiliate=affiliate, reason=reason, now=now)


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
