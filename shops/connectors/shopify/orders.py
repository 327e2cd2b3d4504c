"""Snapshots of Shopify's orders, made of their states (specification 11). Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from shops.connectors.amounts import format_amount
from shops.connectors.base import BuiltOrder, Ignored
from shops.connectors.completion import Progress, decide
from shops.connectors.parts import State, get_data, list_data
from shops.connectors.shopify.fields import parse_version
from shops.connectors.shopify.refunds import calculate_refunded
from shops.models import Connection
from tracking.clicks.click_ids import verify_click_id
from tracking.orders.snapshots import format_timestamp

ORDER_PART = "order"
DELETED_PART = "deleted"
EDIT_PART = "edit"
# When an event said so first.
PAID_PART = "paid"
FULFILLED_PART = "fulfilled"
REFUND_PART = "refund "
CLICK_PART = "click "

PAID = ("paid", "partially_paid", "partially_refunded", "refunded")
# The payment came to nothing.
FAILED = ("voided", "expired")


def build_order(state: State, connection: Connection, *, was_sent: bool, now: datetime) -> BuiltOrder:
    """Return the order of a state. Raises Ignored if there is none yet."""
    order = get_data(state, ORDER_PART)
    if order is None:
        raise Ignored("the order itself has not arrived yet")
    lines, unnamed = _build_lines(state, order)
    if not lines:
        raise Ignored("has no goods, only gift cards or tips")
    progress = _decide_progress(state, order, connection, was_sent=was_sent, now=now)
    row = {
        "status": progress.status,
        "placed_at": order["placed_at"],
        "completed_at": format_timestamp(progress.completed_at) if progress.completed_at else None,
        "currency": order["currency"],
        "click_id": _choose_click_id(list_data(state, CLICK_PART)),
        "coupons": order["coupons"],
        "customer": {"ref": order["customer_ref"] or None, "country": order["country"] or None},
        "lines": lines,
    }
    notes = _write_notes(state, unnamed, order["currency"])
    changed_at = max(parse_version(entry["version"]) for entry in state.values())
    return BuiltOrder(row, changed_at, progress.due_at, notes, is_incomplete=_misses_edit(state))


def _decide_progress(
    state: State, order: Mapping[str, Any], connection: Connection, *, was_sent: bool, now: datetime
) -> Progress:
    status = order["financial_status"]
    paid = state.get(PAID_PART)
    if paid is None and not was_sent:
        is_cancelled = order["is_cancelled"] or DELETED_PART in state
        raise Ignored(
            "was cancelled before it was paid" if is_cancelled else f"is not paid: it is {status or 'unknown'}"
        )
    if paid is None or order["is_cancelled"] or DELETED_PART in state or status in FAILED:
        return Progress("cancelled", None)
    return decide(
        connection,
        placed_at=datetime.fromisoformat(order["placed_at"]),
        paid_at=parse_version(paid["version"]),
        fulfilled_at=_find_fulfilled_at(state, order),
        now=now,
    )


def _find_fulfilled_at(state: State, order: Mapping[str, Any]) -> datetime | None:
    if not order["is_fulfilled"]:
        return None
    at = order["fulfilled_at"]
    return datetime.fromisoformat(at) if at else parse_version(state[FULFILLED_PART]["version"])


def _build_lines(state: State, order: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Decimal]:
    """Return the lines that are goods, and what was paid back without lines."""
    refunded = calculate_refunded(order, list_data(state, REFUND_PART))
    is_refunded = order["financial_status"] == "refunded"
    lines = [
        {
            "line_id": line["line_id"],
            "sku": line["sku"],
            "title": line["title"],
            "quantity": max(line["quantity"], 1),
            "amount": format_amount(Decimal(line["net"])),
            "refunded": format_amount(Decimal(line["net"]) if is_refunded else amount),
            "product_key": line["product_key"],
            "shop_categories": [],
        }
        for line, amount in zip(order["lines"], refunded.by_line, strict=True)
        if line["is_goods"]
    ]
    return lines, Decimal() if is_refunded else refunded.unnamed


def _choose_click_id(click_ids: Sequence[str]) -> str | None:
    """Return the first genuine click id, else the first text; the cart's comes before the landing address's."""
    first = click_ids[0] if click_ids else None
    return next((click_id for click_id in click_ids if verify_click_id(click_id)), first)


def _misses_edit(state: State) -> bool:
    """Return whether the order was edited after the newest event that holds the order."""
    edit = state.get(EDIT_PART)
    return edit is not None and parse_version(edit["version"]) > parse_version(state[ORDER_PART]["version"])


def _write_notes(state: State, unnamed: Decimal, currency: str) -> list[str]:
    notes = []
    if unnamed:
        notes.append(
            f"{format_amount(unnamed)} {currency} was refunded without lines. It is spread over goods, tax and shipping."
        )
    if _misses_edit(state):
        notes.append("The order was edited in the shop. The event with the edited order has not arrived yet.")
    return notes
