"""Enforcement of review deadlines, run often with the same outcome however often it runs (specification 8)."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from compliance import emails, review_money, timeline
from compliance.deadlines import is_over
from compliance.models import Review, ReviewEvent
from compliance.reviews import appeals, consequences
from mail.rendering import override_language

logger = logging.getLogger(__name__)


class DeadlineCounts(NamedTuple):
    """Number of reviews changed by each kind of deadline."""

    holds_released: int
    finalized: int
    appeals_granted: int


def enforce_deadlines(*, now: datetime) -> DeadlineCounts:
    """Release holds of overdue reviews, close reviews that can no longer be appealed, and grant overdue appeals.

    Each review has its own transaction, so that a failure stops no other. Safe to repeat and to run concurrently.
    """
    overdue = Review.objects.filter(state=Review.State.OPEN, decide_by__lte=now, hold_released_at=None)
    overdue = overdue.filter(Q(holds_all_money=True) | Q(pk__in=Review.commissions.through.objects.values("review")))
    return DeadlineCounts(
        holds_released=_process_each(overdue, release_if_overdue, now),
        finalized=_process_each(
            Review.objects.filter(state=Review.State.DECIDED, appeal_by__lte=now), _finalize_review, now
        ),
        appeals_granted=_process_each(
            Review.objects.filter(state=Review.State.APPEALED, appeal_decide_by__lte=now), _grant_appeal, now
        ),
    )


def _process_each(due: QuerySet[Review], enforce: Callable[..., bool], now: datetime) -> int:
    done = 0
    for review in due.order_by("opened_at", "pk"):
        try:
            with transaction.atomic():
                done += enforce(timeline.lock_review(review), now=now)
        except Exception:
            logger.exception("The deadline of review %s could not be enforced; the next run retries it.", review.pk)
    return done


def release_if_overdue(review: Review, *, now: datetime) -> bool:
    """Release the hold of an open review that is overdue; staff can still decide it (clause 8.4)."""
    if review.state != Review.State.OPEN or review.hold_released_at or not is_over(review.decide_by, now):
        return False
    amount, held_all_payouts = review_money.compute_held_amount(review), review_money.holds_all_payouts(review)
    if not review_money.release_hold(review=review, now=now, by=None):
        return False
    timeline.update_review(
        review=review,
        expected=Review.State.OPEN,
        now=now,
        by=None,
        action="hold released at deadline",
        reason="Staff did not decide in time.",
        hold_released_at=now,
    )
    emails.send_hold_released(review, amount=amount, held_all_payouts=held_all_payouts)
    return True


def _finalize_review(review: Review, *, now: datetime) -> bool:
    if review.state != Review.State.DECIDED or not is_over(review.appeal_by, now):
        return False
    consequences.finalize_decision(review=review, now=now, by=None)
    timeline.update_review(
        review=review,
        expected=Review.State.DECIDED,
        now=now,
        by=None,
        action="review closed",
        reason="The time to appeal is over.",
        state=Review.State.CLOSED,
        closed_at=now,
    )
    timeline.append_event(review=review, kind=ReviewEvent.Kind.CLOSED, now=now, by=None)
    return True


def _grant_appeal(review: Review, *, now: datetime) -> bool:
    if review.state != Review.State.APPEALED or not is_over(review.appeal_decide_by, now):
        return False
    with override_language(review.affiliate.language):
        reason = _("The appeal was not decided in time.")
    appeals.close_appeal(review, outcome=Review.Appeal.GRANTED, reason=reason, now=now, by=None)
    return True
