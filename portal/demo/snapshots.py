"""The snapshots of the demo orders: paid, completed, cancelled and refunded (specification 4)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from portal.demo.goods import CENTS
from portal.demo.sales import COUNTRIES, Outcome, Sale


class OrderClaims(NamedTuple):
    """The coupon and the click ID that the order carries."""

    coupon: str | None
    click_id: str | None


class ScheduledSnapshot(NamedTuple):
    """A snapshot and the time at which the shop sends it."""

    at: datetime
    snapshot: dict[str, Any]


def list_snapshots(sale: Sale, number: int, claims: OrderClaims) -> Iterator[ScheduledSnapshot]:
    """Return the snapshots of the order, oldest first."""
    paid = sale.placed_at + timedelta(seconds=40)
    yield _build_snapshot(sale, number, claims, at=paid)
    if sale.outcome is Outcome.CANCELLED:
        yield _build_snapshot(sale, number, claims, at=sale.changed_at, status="cancelled")
        return
    yield _build_snapshot(sale, number, claims, at=sale.completed_at + timedelta(minutes=5), status="completed")
    if sale.outcome is Outcome.CANCELLED_LATE:
        yield _build_snapshot(sale, number, claims, at=sale.changed_at, status="cancelled", completed=True)
    elif sale.outcome is not Outcome.KEPT:
        yield _build_snapshot(sale, number, claims, at=sale.changed_at, status="completed", refund=sale.outcome)


def _build_snapshot(
    sale: Sale,
    number: int,
    claims: OrderClaims,
    *,
    at: datetime,
    status: str = "paid",
    completed: bool = False,
    refund: Outcome | None = None,
) -> ScheduledSnapshot:
    completed = completed or status == "completed"
    snapshot = {
        "order_id": f"JP-{number}",
        "updated_at": at.isoformat(),
        "status": status,
        "placed_at": sale.placed_at.isoformat(),
        "completed_at": sale.completed_at.isoformat() if completed else None,
        "currency": "USD",
        "click_id": claims.click_id,
        "coupon": claims.coupon,
        "customer": {
            "ref": sale.reference or f"C{sale.customer:05d}",
            "country": COUNTRIES[sale.customer % len(COUNTRIES)],
        },
        "lines": [_build_line(sale, index, refund) for index in range(len(sale.goods))],
    }
    return ScheduledSnapshot(at, snapshot)


def _build_line(sale: Sale, index: int, refund: Outcome | None) -> dict[str, Any]:
    good, quantity = sale.goods[index]
    cents = good.cents * quantity
    return {
        "line_id": str(index + 1),
        "sku": good.sku,
        "title": good.title,
        "category": good.category,
        "quantity": quantity,
        "amount": format_amount(cents),
        "refunded": format_amount(_calculate_refund(cents, quantity, index, refund)),
    }


def _calculate_refund(cents: int, quantity: int, index: int, refund: Outcome | None) -> int:
    if refund is None:
        return 0
    if refund is not Outcome.PARTLY_REFUNDED:
        return cents
    # On the first line only: one piece of several, or a third of the price of a single one.
    return 0 if index else cents // quantity if quantity > 1 else cents // 3


def format_amount(cents: int) -> str:
    return f"{cents // CENTS}.{cents % CENTS:02d}"
