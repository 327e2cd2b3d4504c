"""What beat wakes; the database knows what is due. Each answers in words, for the operations page."""

from celery import shared_task
from django.utils import timezone

from tracking import months


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def keep_months() -> str:
    """Make the tables of the months to come, and drop those of clicks past their time."""
    made, dropped = months.keep(now=timezone.now())
    return f"{made} months made, {dropped} dropped" if made or dropped else ""
