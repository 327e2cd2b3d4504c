"""What beat wakes; the database knows what is due."""

import logging

from celery import shared_task
from django.utils import timezone

from tracking import months

log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def keep_months() -> None:
    """Make the tables of the months to come, and drop those of clicks past their time."""
    made, dropped = months.keep(now=timezone.now())
    if made or dropped:
        log.info("clicks: %d months made, %d dropped", made, dropped)
