"""What beat asks of this room; the answer is in words, for the operations page."""

from celery import shared_task
from django.utils import timezone

from agreements import notices


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def send_reminders() -> str:
    """Remind affiliates of versions to accept, and tell them of a pause."""
    posted = notices.send_reminders(now=timezone.now())
    return f"{posted} reminders posted" if posted else ""
