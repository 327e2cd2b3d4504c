"""What beat asks of the portal."""

import logging

from celery import shared_task
from django.utils import timezone

from portal import daily_list

log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def tell_staff() -> None:
    """Post today's list of what waits, once a day."""
    log.info("The daily list went to %d members of staff", daily_list.post(now=timezone.now()))
