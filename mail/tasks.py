"""What Celery wakes the mail room for; the answer is in words, for the operations page."""

from django.utils import timezone

from lib.typed import shared_task
from mail import delivery


# A tick that waited for a free worker is worth nothing: the next one is there already.
@shared_task(expires=10)
def deliver() -> str:
    """Send the mail that is due."""
    sent, refused = delivery.deliver_due(clock=timezone.now)
    return f"{sent} sent, {refused} refused" if sent or refused else ""
