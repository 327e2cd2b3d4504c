"""When an order of a connection counts as completed (specification 11). Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple

from shops.models import Completion, Connection


class Progress(NamedTuple):
    """Status and completion of a snapshot, and when the same order makes another one."""

    status: str
    completed_at: datetime | None
    due_at: datetime | None = None


def decide(
    connection: Connection, *, placed_at: datetime, paid_at: datetime, fulfilled_at: datetime | None, now: datetime
) -> Progress:
    """Return the progress of an order that is paid and not cancelled."""
    if connection.completion == Completion.PAID:
        return Progress("completed", max(paid_at, placed_at))
    if connection.completion == Completion.DAYS:
        at = max(paid_at, placed_at) + timedelta(days=connection.completion_days)
        return Progress("completed", at) if at <= now else Progress("paid", None, at)
    if fulfilled_at is None:
        return Progress("paid", None)
    return Progress("completed", max(fulfilled_at, placed_at))
