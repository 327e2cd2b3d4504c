"""Scheduled tasks of order imports."""

from django.utils import timezone

from lib.typed import shared_task
from payouts.disbursement import uploads
from shops.csv_import import files


@shared_task
def process_order_files() -> str:
    """Continue unfinished order imports, and discard uploads of any kind that were not confirmed within a day."""
    now = timezone.now()
    imports, discarded = files.continue_imports(now=now)
    discarded += uploads.delete_old_uploads(now=now)
    return f"{imports} imports continued, {discarded} uploads discarded" if imports or discarded else ""
