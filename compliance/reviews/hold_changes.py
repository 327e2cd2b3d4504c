"""Holding and releasing money during a review, each with a reason and as a step of the review (specification 8)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from compliance import emails, review_money, timeline
from compliance.deadlines import is_over
from compliance.grounds import is_missed_target
from compliance.models import Review, ReviewEvent
from lib.reasons import require_reason
from payouts.models import Commission


@transaction.atomic
def hold(
    *, review: Review, orders: Collection[UUID] = (), all_payouts: bool = False, reason: str, now: datetime, by: User
) -> None:
    """Hold the named commissions of `orders`, and with `all_payouts` every payout, while the review is open.

    Raises IllegalTransition once the review is decided or staff have missed the deadline, ValidationError for a missing
    reason, for nothing to hold, and in a review of a missed target, for which everything earned is paid.
    """
    reason = require_reason(reason)
    current = timeline.lock_review(review)
    require_uninvolved(by, [current.affiliate])
    _require_open(current, now)
    if is_missed_target(current):
        raise ValidationError(_("Nothing is held for a missed target: everything earned is paid."))
    held = set(review_money.list_held_commissions(current).values_list("pk", flat=True))
    named = review_money.list_forfeitable_commissions(current).filter(order__in=orders)
    commissions = [commission for commission in named if commission.pk not in held]
    holds_all = all_payouts and not review_money.holds_all_payouts(current)
    if not commissions and not holds_all:
        raise ValidationError(_("Choose what to hold; what is chosen is held already."))
    review_money.hold_commissions(review=current, commissions=commissions, now=now, by=by)
    if holds_all:
        review_money.hold_all_payouts(review=current, reason=reason, now=now, by=by)
    kind = ReviewEvent.Kind.HELD
    review_money.append_event(current, kind, commissions, holds_all, reason=reason, now=now, by=by)
    _record(current, "review hold placed", commissions, holds_all, reason, now, by)
    if holds_all and not current.holds_all_money:
        Review.objects.filter(pk=current.pk).update(holds_all_money=True)


@transaction.atomic
def release(
    *, review: Review, orders: Collection[UUID] = (), all_payouts: bool = False, reason: str, now: datetime, by: User
) -> None:
    """Release what the review holds of `orders`, and with `all_payouts` its hold on every payout.

    The commissions can still be forfeited by the decision. Raises IllegalTransition for commissions that a decision
    forfeits once the time to appeal is over, ValidationError for a missing reason and for nothing to release.
    """
    reason = require_reason(reason)
    current = timeline.lock_review(review)
    require_uninvolved(by, [current.affiliate])
    commissions = list(review_money.list_held_commissions(current).filter(order__in=orders))
    if commissions and current.state != Review.State.OPEN:
        raise IllegalTransition(
            _("These commissions are held until the time to appeal is over. Only a granted appeal releases them.")
        )
    releases_all = all_payouts and review_money.holds_all_payouts(current)
    if not commissions and not releases_all:
        raise ValidationError(_("Choose what to release; this review holds nothing of what is chosen."))
    review_money.release_some(
        review=current, commissions=commissions, all_payouts=releases_all, reason=reason, now=now, by=by
    )
    kind = ReviewEvent.Kind.HOLD_RELEASED
    review_money.append_event(current, kind, commissions, releases_all, reason=reason, now=now, by=by)
    _record(current, "review hold released", commissions, releases_all, reason, now, by)
    emails.send_hold_released_by_staff(
        current, commissions=commissions, released_all_payouts=releases_all, reason=reason, now=now
    )


def _require_open(review: Review, now: datetime) -> None:
    if review.state != Review.State.OPEN:
        raise IllegalTransition(_("This review is decided, so nothing more can be held in it."))
    if is_over(review.decide_by, now):
        raise IllegalTransition(_("The deadline to decide has passed, so nothing can be held in this review."))


def _record(
    review: Review,
    action: str,
    commissions: Sequence[Commission],
    all_payouts: bool,
    reason: str,
    now: datetime,
    by: User,
) -> None:
    after = {"commissions": len(commissions), "all_payouts": all_payouts}
    timeline.record_audit(review=review, action=action, now=now, by=by, after=after, reason=reason)
