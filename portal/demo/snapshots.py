"""What the shop says of each order and when: a snapshot as it is paid, completed, cancelled or given back (CONTRACT 4)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from portal.demo.goods import CENTS
from portal.demo.sales import COUNTRIES, Outcome, Sale


class OrderClaims(NamedTuple):
    """What the order says of where its customer came from."""

    coupon: str | None
    click_id: str | None


class ScheduledSnapshot(NamedTuple):
    """A snapshot, and when the shop sends it."""

    at: datetime
    snapshot: dict[str, Any]


def list_snapshots(sale: Sale, number: int, claims: OrderClaims) -> Iterator[ScheduledSnapshot]:
    """Everything that the shop says of the order, from the first to the last."""
    paid = sale.placed_at + timedelta(seconds=40)
    yield _build_snapshot(sale, number, claims, at=paid)
    if sale.outcome is Outcome.CANCELLED:
        yield _build_snapshot(sale, number, claims, at=sale.changed_at, status="cancelled")
        return
    yield _build_snapshot(sale, number, claims, at=sale.completed_at + timedelta(minutes=5), status="completed")
    if sale.outcome is Outcome.CANCELLED_LATE:
        yield _build_snapshot(sale, number, claims, at=sale.changed_at, status="cancelled", completed=True)
    elif sale.outcome is not Outcome.KEPT:
        yield _build_snapshot(sale, number, claims, at=sale.changed_at, status="completed", back=sale.outcome)


def _build_snapshot(
    sale: Sale,
    number: int,
    claims: OrderClaims,
    *,
    at: datetime,
    status: str = "paid",
    completed: bool = False,
    back: Outcome | None = None,
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
        "lines": [_build_line(sale, place, back) for place in range(len(sale.goods))],
    }
    return ScheduledSnapshot(at, snapshot)


def _build_line(sale: Sale, place: int, back: Outcome | None) -> dict[str, Any]:
    good, quantity = sale.goods[place]
    cents = good.cents * quantity
    return {
        "line_id": str(place + 1),
        "sku": good.sku,
        "title": good.title,
        "category": good.category,
        "quantity": quantity,
        "amount": format_amount(cents),
        "refunded": format_amount(_calculate_refund(cents, quantity, place, back)),
    }


def _calculate_refund(cents: int, quantity: int, place: int, back: Outcome | None) -> int:
    if back is None:
        return 0
    if back is not Outcome.PARTLY_REFUNDED:
        return cents
    # One of several, or a third off what arrived with a scratch; only of the first line.
    return 0 if place else cents // quantity if quantity > 1 else cents // 3


def format_amount(cents: int) -> str:
    return f"{cents // CENTS}.{cents % CENTS:02d}"
