"""Scheduled tasks of order imports."""

from django.utils import timezone

from lib.typed import shared_task
from shops.csv_import import files


@shared_task
def process_order_files() -> str:
    """Go on with imports of orders that are not done, and forget files on which nobody decided."""
    imports, forgotten = files.continue_imports(now=timezone.now())
    return f"{imports} imports gone on with, {forgotten} files forgotten" if imports or forgotten else ""
