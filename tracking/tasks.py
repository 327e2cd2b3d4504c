"""Scheduled tasks. Each returns a text for the operations page."""

from django.utils import timezone

from lib.typed import shared_task
from tracking.clicks import partitions, service


@shared_task
def maintain_click_partitions() -> str:
    """Create click partitions for the coming months, and drop those past the retention period."""
    created, dropped = partitions.maintain_partitions(now=timezone.now())
    return f"{created} partitions created, {dropped} dropped" if created or dropped else ""


@shared_task
def record_orphaned_clicks() -> str:
    """Record clicks that killed web processes left on the disk of this machine."""
    count = service.drain_orphaned_spools()
    return f"{count} spool files recorded" if count else ""
