"""What beat wakes up; the database knows what is due. Each answers in words, for the operations page."""

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
    return f"{days} days of affiliates folded" if days else ""
