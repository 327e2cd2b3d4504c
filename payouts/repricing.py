"""Pricing orders again from the newest receipt that was taken of each."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from payouts import commissions
from tracking import history


def reprice(order_pks: Iterable[UUID], *, now: datetime) -> None:
    """Write the commissions of the orders anew, as their newest snapshots make them."""
    found = history.newest(order_pks)
    if found:
        commissions.write(found, now=now)
