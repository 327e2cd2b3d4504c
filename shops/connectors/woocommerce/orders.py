"""Snapshots of WooCommerce's orders, made of their states (specification 11). Pure."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from lib.money import ZERO, round_to_cents
from shops.connectors.amounts import format_amount, spread
from shops.connectors.base import BuiltOrder, Ignored
from shops.connectors.completion import Progress, decide
from shops.connectors.parts import State, get_data, list_data
from shops.connectors.woocommerce.events import SEEN_PART
from shops.connectors.woocommerce.fields import format_optional_time
from shops.connectors.woocommerce.refunds import REFUND_PART, Refunded, calculate_refunded
from shops.models import Connection
from tracking.orders.snapshot_fields import Rejected

# What a status of the shop means. Custom ones are mapped by the connection, or count as paid if there is a payment.
MEANINGS = {
    "processing": "paid",
    "completed": "completed",
    "refunded": "refunded",
    "pending": "unpaid",
    "on-hold": "unpaid",
    "failed": "unpaid",
    "checkout-draft": "unpaid",
    "auto-draft": "unpaid",
    "cancelled": "cancelled",
    "trash": "cancelled",
}
SENT = ("paid", "completed", "refunded")
# In place of the lines of an order from which all were removed after it was sent.
NO_LINE = {
    "line_id": "none",
    "sku": "",
    "title": "All lines were removed",
    "quantity": 1,
    "amount": "0.00",
    "refunded": "0.00",
    "product_key": "",
    "shop_categories": [],
}


def build_order(state: State, connection: Connection, *, was_sent: bool, now: datetime) -> BuiltOrder:
    """Return the order of a state. Raises Ignored if there is none yet, Rejected if a field is missing."""
    order = get_data(state, "order")
    if order is None:
        raise Ignored("only its deletion is known")
    meaning = _find_meaning(order["status"], bool(order["paid"]), connection.options)
    # Whether one was sent or would have been, had the events arrived in order and one by one.
    paid_since = _find_first_payment(state, connection.options)
    was_sent = was_sent or paid_since is not None
    if (get_data(state, "presence") or {}).get("deleted"):
        meaning = "cancelled"
    if meaning in ("unpaid", "cancelled") and not was_sent:
        raise Ignored(f"has the status {order['status']}, and was never paid")
    placed_at = _read_moment(get_data(state, "placed"))
    if placed_at is None:
        raise Rejected("date_created_gmt", "is missing")
    lines, refunded = _build_lines(state, order, was_sent=was_sent)
    if meaning == "refunded":
        lines = [line | {"refunded": line["amount"]} for line in lines]
        refunded = refunded._replace(unknown=ZERO)
    progress = _decide_progress(state, connection, meaning, placed_at, paid_since, now)
    row: dict[str, Any] = {
        "status": progress.status,
        "completed_at": format_optional_time(progress.completed_at),
        "placed_at": format_optional_time(placed_at),
        "currency": order["currency"],
        "click_id": get_data(state, "click_id") or get_data(state, "session_entry"),
        "coupons": order["coupons"],
        "customer": {"ref": order["customer_ref"], "country": order["country"]},
        "lines": lines,
    }
    return BuiltOrder(row, _find_change(state), progress.due_at, _write_notes(refunded), bool(refunded.unknown))


def _find_meaning(status: str, is_paid: bool, options: Mapping[str, Any]) -> str:
    custom = {str(key).removeprefix("wc-"): str(value) for key, value in (options.get("statuses") or {}).items()}
    default = "paid" if is_paid else "unpaid"
    return custom.get(status) or MEANINGS.get(status, default)


def _find_first_payment(state: State, options: Mapping[str, Any]) -> datetime | None:
    """Return when the order was first seen in a status that is paid; None if it never was with goods in it."""
    moments = [
        datetime.fromisoformat(seen["at"])
        for seen in list_data(state, SEEN_PART)
        if seen["has_goods"] and _find_meaning(seen["status"], seen["is_paid"], options) in SENT
    ]
    return min(moments, default=None)


def _decide_progress(
    state: State, connection: Connection, meaning: str, placed_at: datetime, paid_since: datetime | None, now: datetime
) -> Progress:
    """Return status and completion of the snapshot, and when it changes without an event."""
    if meaning in ("unpaid", "cancelled"):
        return Progress("cancelled", None)
    order = get_data(state, "order")
    # Cash on delivery has no date of payment: the order is paid once the shop works on it.
    paid_at = _read_moment(order["paid"]) or paid_since or placed_at
    fulfilled_at = None
    if meaning == "completed":
        # The shop notes no time for its own statuses.
        first = [_read_moment(seen["at"]) for seen in list_data(state, f"{SEEN_PART}{order['status']} ")]
        fulfilled_at = _read_moment(order["completed"]) or min((at for at in first if at), default=None)
    return decide(connection, placed_at=placed_at, paid_at=paid_at, fulfilled_at=fulfilled_at, now=now)


def _build_lines(state: State, order: Mapping[str, Any], *, was_sent: bool) -> tuple[list[dict[str, Any]], Refunded]:
    goods = [line for line in order["lines"] if not line["is_gift_card"]]
    if not goods and not was_sent:
        if order["lines"]:
            raise Ignored("holds nothing but gift cards")
        raise Rejected("line_items", "must have 1 to 1,000 lines")
    if not goods:
        return [NO_LINE], Refunded([], ZERO)
    before = [round_to_cents(Decimal(line["total"])) for line in goods]
    discounts = spread(Decimal(order["discount"]), before)
    amounts = [amount - discount for amount, discount in zip(before, discounts, strict=True)]
    refunds = [
        (Decimal(refund["total"]), get_data(state, f"{REFUND_PART}{refund['id']}")) for refund in order["refunds"]
    ]
    refunded = calculate_refunded([line["id"] for line in goods], amounts, Decimal(order["gross"]), refunds)
    return [
        {
            "line_id": line["id"],
            "sku": line["sku"],
            "title": line["title"],
            "quantity": line["quantity"],
            "amount": format_amount(amount),
            "refunded": format_amount(returned),
            "product_key": line["product"],
            "shop_categories": [],
        }
        for line, amount, returned in zip(goods, amounts, refunded.by_line, strict=True)
    ], refunded


def _find_change(state: State) -> datetime:
    """Return the moment of the newest change: of the order, of its deletion or of a refund."""
    moments = [_read_moment(get_data(state, "order")["modified"])]
    if get_data(state, "presence")["deleted"]:
        moments.append(datetime.fromisoformat(f"{state['presence']['version']}+00:00"))
    return max(moment for moment in moments if moment)


def _write_notes(refunded: Refunded) -> list[str]:
    if not refunded.unknown:
        return []
    return [
        (
            f"Refunds of {round_to_cents(refunded.unknown):.2f} are spread over goods, tax and shipping in proportion to what "
            "was paid, because the webhook does not name their lines. With an API key they are exact."
        )
    ]


def _read_moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
