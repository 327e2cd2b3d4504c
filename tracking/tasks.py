"""What beat wakes; the database knows what is due. Each answers in words, for the operations page."""

from celery import shared_task
from django.utils import timezone

from tracking.clicks import partitions, service


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def keep_months() -> str:
    """Make the tables of the months to come, and drop those of clicks past their time."""
    made, dropped = partitions.keep(now=timezone.now())
    return f"{made} months made, {dropped} dropped" if made or dropped else ""


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def record_clicks_left_behind() -> str:
    """Record the clicks that a killed web process left on this machine's disk, should no other have come after it."""
    found = service.bring_left_behind()
    return f"clicks of {found} processes brought from disk" if found else ""
