"""The delivery task. Its result is shown on the operations page."""

from django.utils import timezone

from lib.typed import shared_task
from mail import delivery


# A run that waited this long for a worker is superseded by the next one.
@shared_task(expires=10)
def deliver() -> str:
    """Send due e-mail."""
    sent, failed = delivery.deliver_due(clock=timezone.now)
    return f"{sent} sent, {failed} failed" if sent or failed else ""
