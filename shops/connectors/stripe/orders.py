"""The order that the state of a payment makes (specification 11). Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from shops.connectors.amounts import format_amount, take_share
from shops.connectors.base import BuiltOrder, Ignored, Options
from shops.connectors.completion import Progress, decide
from shops.connectors.parts import State, get_data, list_data
from shops.connectors.stripe.currencies import convert_minor_units
from shops.connectors.stripe.events import DEFAULT_CATEGORY_METADATA, DEFAULT_CLICK_ID_METADATA, get_option
from shops.models import Completion, Connection
from tracking.clicks.click_ids import find_click_id, verify_click_id
from tracking.orders.snapshot_fields import MAX_COUPONS
from tracking.orders.snapshots import format_timestamp

# Length of the moment at the start of a version.
_MOMENT = 26
# As long as a mapping can name.
MAX_CATEGORY = 300


def build_order(state: State, connection: Connection, *, was_sent: bool, now: datetime) -> BuiltOrder:
    """Return the order of a payment. Raises Ignored until its checkout is complete and paid."""
    if "canceled" in state and not was_sent:
        raise Ignored("the payment was canceled")
    session, placed, paid = (get_data(state, name) for name in ("session", "placed", "paid"))
    if placed is None:
        raise Ignored("the event checkout.session.completed has not arrived")
    if paid is None:
        raise Ignored("is not paid")
    placed_at = datetime.fromisoformat(placed["at"])
    paid_at = datetime.fromisoformat(paid["at"])
    progress = decide(connection, placed_at=placed_at, paid_at=paid_at, fulfilled_at=None, now=now)
    if "canceled" in state:
        progress = Progress("cancelled", None)
    codes, unknown_codes = _map_promotion_codes(session, connection.options)
    line = _build_line(state, session, connection.options)
    row = {
        "status": progress.status,
        "placed_at": format_timestamp(placed_at),
        "completed_at": format_timestamp(progress.completed_at) if progress.completed_at else None,
        "currency": session["currency"],
        "click_id": _choose_click_id(state, connection.options),
        "coupons": codes,
        "customer": {"ref": session["customer_ref"] or None, "country": session["country"] or None},
        "lines": [line],
    }
    notes = _write_notes(connection, unknown_codes, is_refunded=Decimal(line["refunded"]) > 0)
    return BuiltOrder(row, _find_change(state), progress.due_at, notes)


def _build_line(state: State, session: dict[str, Any], options: Options) -> dict[str, Any]:
    """Return the only line: events of Stripe do not name products."""
    goods = convert_minor_units(session["goods"], session["currency"])
    intent = get_data(state, "intent")
    amount = take_share(goods, Decimal(intent["received"]), Decimal(intent["amount"])) if intent else goods
    payment = get_data(state, "charge") or session
    refunded = take_share(goods, Decimal(_sum_returned(state, payment)), Decimal(payment["amount"]))
    category = get_data(state, f"metadata {get_option(options, 'category_metadata', DEFAULT_CATEGORY_METADATA)}")
    return {
        "line_id": "checkout",
        "sku": "",
        "title": "Checkout",
        "quantity": 1,
        "amount": format_amount(amount),
        "refunded": format_amount(min(refunded, amount)),
        "category": get_option(options, "category"),
        "shop_categories": [category[:MAX_CATEGORY]] if category else [],
        "product_key": "",
    }


def _sum_returned(state: State, payment: Mapping[str, Any]) -> int:
    """Return what went back to the customer, in minor units of the payment: refunds, and disputes that were lost."""
    returned = _sum_refunds(state)
    for dispute in list_data(state, "dispute "):
        if dispute["is_lost"]:
            # A dispute in another currency can't be compared; take it to be about the whole payment.
            returned += int((dispute if dispute["currency"] == payment["currency"] else payment)["amount"])
    return min(returned, int(payment["amount"]))


def _sum_refunds(state: State) -> int:
    """Return the refunds that did not fail.

    The charge has their sum as of its event, and no event with a new sum follows when one fails later. Refunds of which
    only their own event arrived are at least as much.
    """
    charge = get_data(state, "charge")
    failures = list_data(state, "failure ")
    failed = {one["id"] for one in failures}
    refunds = [one for one in list_data(state, "refund ") if one["is_returned"] and one["id"] not in failed]
    listed = sum(int(one["amount"]) for one in refunds)
    if charge is None:
        return listed
    failed_since = [one for one in failures if one["created"] <= charge["at"] <= one["at"]]
    return max(int(charge["refunded"]) - sum(int(one["amount"]) for one in failed_since), listed)


def _choose_click_id(state: State, options: Options) -> str | None:
    """Return the genuine click id among those that were sent, else the first: a reference may be the shop's own."""
    name = get_option(options, "click_id_metadata", DEFAULT_CLICK_ID_METADATA)
    parts = (f"metadata {name}", "reference", f"intent metadata {name}")
    sent: list[str] = [text for part in parts if (text := get_data(state, part))]
    genuine = [text for text in sent if verify_click_id(find_click_id(text))]
    return next(iter(genuine or sent), None)


def _map_promotion_codes(session: dict[str, Any], options: Options) -> tuple[list[str], list[str]]:
    """Return the codes that the customer entered, and the ids whose code is not known."""
    table = options.get("promotion_codes")
    ids = list(dict.fromkeys(session["promotion_codes"]))
    codes = {one: str(table[one] or "").strip() for one in ids if one in table} if isinstance(table, dict) else {}
    return [code for code in codes.values() if code][:MAX_COUPONS], [one for one in ids if not codes.get(one)]


def _find_change(state: State) -> datetime:
    """Return the moment of the newest event."""
    newest = max(part["version"][:_MOMENT] for part in state.values())
    return datetime.fromisoformat(newest).replace(tzinfo=UTC)


def _write_notes(connection: Connection, unknown_codes: list[str], *, is_refunded: bool) -> list[str]:
    notes = ["The whole checkout is one line, because events of Stripe name no products."]
    if is_refunded:
        notes.append(
            "Refunds are spread over goods, tax and shipping in proportion to what was paid, because Stripe does not say "
            "what was returned."
        )
    if unknown_codes:
        notes.append(f"The connection's table of promotion codes lacks {', '.join(unknown_codes)}.")
    if connection.completion == Completion.FULFILLED:
        notes.append(
            "The order is never completed, because Stripe says when orders are paid but not when they are fulfilled. "
            "Choose another setting for completed orders on the connection."
        )
    return notes
