"""Pricing orders again from the newest receipt that was taken of each."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from payouts.commissions import writer
from tracking.orders import history


def reprice(order_pks: Iterable[UUID], *, now: datetime) -> None:
    """Write the commissions of the orders anew, as their newest snapshots make them."""
    found = history.load_current_orders(order_pks)
    if found:
        writer.write_commissions(found, now=now)
