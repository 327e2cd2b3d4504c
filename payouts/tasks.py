"""Scheduled tasks of payouts. Each returns a text for the operations page, "" if there was nothing to do."""

from django.utils import timezone

from lib.typed import shared_task
from payouts.closing import close
from payouts.commissions import rollups


@shared_task
def close_due_months() -> str:
    closed = close.close_due_months(now=timezone.now())
    return f"closed {', '.join(map(str, closed))}" if closed else ""


@shared_task
def fold_rollups() -> str:
    days = rollups.fold_rollups()
    return f"{days} daily totals updated" if days else ""
