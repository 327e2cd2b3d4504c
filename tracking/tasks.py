"""What beat wakes; the database knows what is due. Each answers in words, for the operations page."""

from django.utils import timezone

from lib.typed import shared_task
from tracking.clicks import partitions, service


@shared_task
def maintain_click_partitions() -> str:
    """Make the tables of the months to come, and drop those of clicks past their time."""
    made, dropped = partitions.maintain_partitions(now=timezone.now())
    return f"{made} months made, {dropped} dropped" if made or dropped else ""


@shared_task
def record_orphaned_clicks() -> str:
    """Record the clicks that a killed web process left on this machine's disk, should no other have come after it."""
    found = service.drain_orphaned_spools()
    return f"clicks of {found} processes brought from disk" if found else ""
