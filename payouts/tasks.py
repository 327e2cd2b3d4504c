"""What beat wakes up; the database knows what is due."""

import structlog
from celery import shared_task
from django.utils import timezone

from payouts import close

log = structlog.get_logger(__name__)


@shared_task
def close_due_months() -> None:
    """Close every month that is due."""
    closed = close.close_due_months(now=timezone.now())
    log.info("months closed", months=[str(month) for month in closed])
