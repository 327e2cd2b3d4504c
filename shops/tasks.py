"""Scheduled tasks of order imports."""

from django.utils import timezone

from lib.typed import shared_task
from payouts.disbursement import uploads
from shops.connectors import folding, inbox
from shops.csv_import import files


@shared_task
def process_order_files() -> str:
    """Continue unfinished order imports, and discard uploads of any kind that were not confirmed within a day."""
    now = timezone.now()
    imports, discarded = files.continue_imports(now=now)
    discarded += uploads.delete_old_uploads(now=now)
    return f"{imports} imports continued, {discarded} uploads discarded" if imports or discarded else ""


@shared_task
def process_shop_events() -> str:
    """Fold the waiting events of shop connections into orders, and delete old ones."""
    now = timezone.now()
    events, orders = folding.process_events(now=now), folding.process_due_orders(now=now)
    deleted = inbox.delete_old_events(now=now)
    return f"{events} events, {orders} due orders, {deleted} old events deleted" if events or orders or deleted else ""
