"""What the clock does when a deadline of a review has passed (CONTRACT 8): asked often, the answer is the same each time."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from compliance import emails, review_money, timeline
from compliance.deadlines import is_over
from compliance.models import Review, ReviewStep
from compliance.reviews import appeals, consequences

logger = logging.getLogger(__name__)


class Kept(NamedTuple):
    """How many reviews each deadline moved."""

    holds_released: int
    made_final: int
    appeals_granted: int


def keep_deadlines(*, now: datetime) -> Kept:
    """Release holds that staff left undecided, close reviews whose time to appeal is over, grant appeals left undecided.

    Each review in a transaction of its own, so that one that fails stops no other; safe to run twice and by two at once.
    """
    missed = Review.objects.filter(state=Review.State.OPEN, decide_by__lte=now, hold_released_at=None)
    missed = missed.filter(Q(holds_all_money=True) | Q(pk__in=Review.commissions.through.objects.values("review")))
    return Kept(
        holds_released=_each(missed, release_if_missed, now),
        made_final=_each(Review.objects.filter(state=Review.State.DECIDED, appeal_by__lte=now), _make_final, now),
        appeals_granted=_each(
            Review.objects.filter(state=Review.State.APPEALED, appeal_decide_by__lte=now), _grant_appeal, now
        ),
    )


def _each(due: QuerySet[Review], keep: Callable[..., bool], now: datetime) -> int:
    done = 0
    for review in due.order_by("opened_at", "pk"):
        try:
            with transaction.atomic():
                done += keep(timeline.lock(review), now=now)
        except Exception:
            logger.exception("The deadline of review %s could not be kept; it is tried again.", review.pk)
    return done


def release_if_missed(review: Review, *, now: datetime) -> bool:
    """Release the hold of an open review that staff should have decided by now; it stays theirs to decide (clause 8.4)."""
    if review.state != Review.State.OPEN or review.hold_released_at or not is_over(review.decide_by, now):
        return False
    amount, everything = review_money.held_amount(review), review_money.holds_all(review)
    if not consequences.release(review=review, now=now, by=None):
        return False
    timeline.change(
        review=review,
        expected=Review.State.OPEN,
        now=now,
        by=None,
        action="hold released by its deadline",
        hold_released_at=now,
    )
    emails.hold_released(review, amount=amount, everything=everything)
    return True


def _make_final(review: Review, *, now: datetime) -> bool:
    if review.state != Review.State.DECIDED or not is_over(review.appeal_by, now):
        return False
    consequences.make_final(review=review, now=now, by=None)
    timeline.change(
        review=review,
        expected=Review.State.DECIDED,
        now=now,
        by=None,
        action="review closed",
        state=Review.State.CLOSED,
        closed_at=now,
    )
    timeline.write(review=review, kind=ReviewStep.Kind.CLOSED, now=now, by=None)
    return True


def _grant_appeal(review: Review, *, now: datetime) -> bool:
    if review.state != Review.State.APPEALED or not is_over(review.appeal_decide_by, now):
        return False
    reason = _("Staff did not decide in time.")
    appeals.finish(review, outcome=Review.Appeal.GRANTED, reason=reason, now=now, by=None)
    return True
