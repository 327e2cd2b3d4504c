"""What beat wakes up; the database knows what is due."""

import logging

from celery import shared_task
from django.utils import timezone

from payouts import close, rollups

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def close_due_months() -> None:
    closed = close.close_due_months(now=timezone.now())
    logger.info("Months closed: %s", ", ".join(map(str, closed)) or "none")


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def fold_rollups() -> None:
    if days := rollups.fold():
        logger.info("Days of affiliates folded into roll-ups: %d", days)
