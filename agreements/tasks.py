"""What beat asks of this room; the answer is in words, for the operations page."""

from django.utils import timezone

from agreements import notices
from lib.typed import shared_task


@shared_task
def send_reminders() -> str:
    """Remind affiliates of versions to accept, and tell them of a pause."""
    posted = notices.send_reminders(now=timezone.now())
    return f"{posted} reminders posted" if posted else ""
