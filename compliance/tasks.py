"""What beat wakes: each reads the clock, makes one domain call and logs the outcome."""

import logging

from celery import shared_task
from django.utils import timezone

from compliance import reviews, signals, targets, termination

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def check_targets() -> None:
    logger.info("Sales targets: %s", targets.check(now=timezone.now()))


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def keep_review_deadlines() -> None:
    logger.info("Deadlines of reviews: %s", reviews.keep_deadlines(now=timezone.now()))


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def carry_out_notices() -> None:
    logger.info("Agreements ended: %s", termination.carry_out(now=timezone.now()))


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def look_for_signals() -> None:
    logger.info("Signals: %s", signals.look(now=timezone.now()))
