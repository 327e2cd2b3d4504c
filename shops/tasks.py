"""Scheduled tasks of order imports."""

from django.utils import timezone

from lib.typed import shared_task
from shops.csv_import import files


@shared_task
def process_order_files() -> str:
    """Continue unfinished order imports, and discard uploads that were not confirmed within a day."""
    imports, discarded = files.continue_imports(now=timezone.now())
    return f"{imports} imports continued, {discarded} uploads discarded" if imports or discarded else ""
