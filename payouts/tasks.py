"""What beat wakes up; the database knows what is due. Each answers in words, for the operations page."""

from celery import shared_task
from django.utils import timezone

from payouts import close, rollups
from payouts.from_csv import files


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def close_due_months() -> str:
    closed = close.close_due_months(now=timezone.now())
    return f"closed {', '.join(map(str, closed))}" if closed else ""


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def fold_rollups() -> str:
    days = rollups.fold()
    return f"{days} days of affiliates folded" if days else ""


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def keep_order_files_going() -> str:
    """Go on with imports of orders that are not done, and forget files on which nobody decided."""
    imports, forgotten = files.keep_going(now=timezone.now())
    return f"{imports} imports gone on with, {forgotten} files forgotten" if imports or forgotten else ""
