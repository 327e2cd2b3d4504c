"""The checklist of a connection: what has really arrived, and when it did first (specification 11)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shops.models import Connection

NAMES = ("event", "order", "attributed", "completed", "refund")


def note_event(connection: Connection, received_at: datetime) -> None:
    """Note that a signed event was processed."""
    _note(connection, {"event"}, received_at)


def note_orders(connection: Connection, rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Note what the accepted snapshots show."""
    reached: set[str] = set()
    for row in rows:
        reached.add("order")
        if row.get("click_id") or row.get("coupons"):
            reached.add("attributed")
        if row["status"] == "completed":
            reached.add("completed")
        if row["status"] == "cancelled" or any(line["refunded"] != "0.00" for line in row["lines"]):
            reached.add("refund")
    _note(connection, reached, now)


def _note(connection: Connection, reached: set[str], at: datetime) -> None:
    new = reached - connection.milestones.keys()
    if new:
        connection.milestones |= dict.fromkeys(sorted(new), at.isoformat())
        connection.save(update_fields=["milestones"])
