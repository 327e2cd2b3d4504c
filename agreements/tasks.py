"""Scheduled tasks of the agreements app."""

from django.utils import timezone

from agreements import notices
from lib.typed import shared_task


@shared_task
def send_reminders() -> str:
    """Send reminders to accept a version and notices of a pause."""
    queued = notices.send_reminders(now=timezone.now())
    return f"{queued} reminders queued" if queued else ""
