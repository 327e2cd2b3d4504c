"""What Celery wakes the mail room for."""

import logging

from celery import shared_task
from django.utils import timezone

from mail import delivery

log = logging.getLogger(__name__)


# A tick that waited for a free worker is worth nothing: the next one is there already.
@shared_task(expires=10)  # type: ignore[untyped-decorator]  # Celery has no types
def deliver() -> None:
    """Send the mail that is due."""
    sent, refused = delivery.deliver_due(clock=timezone.now)
    if sent or refused:
        log.info("Mail: %d sent, %d refused", sent, refused)
