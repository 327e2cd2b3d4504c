"""What beat asks of this room."""

import logging

from celery import shared_task
from django.utils import timezone

from agreements import notices

log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def remind() -> None:
    """Remind affiliates of versions to accept, and tell them of a pause."""
    posted = notices.remind(now=timezone.now())
    log.info("agreements: %d reminders posted", posted)
