"""Price stored orders again."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from payouts.commissions import writer
from tracking.orders import history


def reprice(order_pks: Iterable[UUID], *, now: datetime) -> None:
    """Write the orders\' commissions again from their newest snapshots."""
    found = history.load_current_orders(order_pks)
    if found:
        writer.write_commissions(found, now=now)
