"""What beat asks of the portal."""

import logging

from celery import shared_task
from django.utils import timezone

from portal import daily_list

log = logging.getLogger(__name__)


@shared_task
def tell_staff() -> None:
    log.info("daily list posted to %d members of staff", daily_list.post(now=timezone.now()))
