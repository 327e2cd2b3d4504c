"""The order that the state of a payment makes (specification 11). Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shops.connectors.base import BuiltOrder, Ignored, Options
from shops.connectors.completion import Progress, decide
from shops.connectors.parts import State, get_data
from shops.connectors.stripe.events import CODES_PART, DEFAULT_CLICK_ID_METADATA, get_option
from shops.connectors.stripe.lines import ITEMS_PART, build_lines, is_partly_refunded
from shops.models import Completion, Connection
from tracking.clicks.click_ids import find_click_id, verify_click_id
from tracking.orders.snapshot_fields import MAX_COUPONS
from tracking.orders.snapshots import format_timestamp

# Length of the moment at the start of a version.
_MOMENT = 26
# An older checkout stays the one line that it was counted as, so that no settled order is divided.
COMPLETED_WITHIN = timedelta(days=2)


def build_order(state: State, connection: Connection, *, was_sent: bool, now: datetime) -> BuiltOrder:
    """Return the order of a payment. Raises Ignored until its checkout is complete and paid."""
    if "canceled" in state and not was_sent:
        raise Ignored("the payment was canceled")
    session, placed, paid = (get_data(state, name) for name in ("session", "placed", "paid"))
    if placed is None:
        raise Ignored("is no Checkout payment, or its event checkout.session.completed has not arrived")
    if paid is None:
        raise Ignored("is not paid")
    placed_at = datetime.fromisoformat(placed["at"])
    paid_at = datetime.fromisoformat(paid["at"])
    progress = decide(connection, placed_at=placed_at, paid_at=paid_at, fulfilled_at=None, now=now)
    if "canceled" in state:
        progress = Progress("cancelled", None)
    codes, unknown_codes = _map_promotion_codes(state, session, connection.options)
    lines = build_lines(state, session, connection.options)
    row = {
        "status": progress.status,
        "placed_at": format_timestamp(placed_at),
        "completed_at": format_timestamp(progress.completed_at) if progress.completed_at else None,
        "currency": session["currency"],
        "click_id": _choose_click_id(state, connection.options),
        "coupons": codes,
        "customer": {"ref": session["customer_ref"] or None, "country": session["country"] or None},
        "lines": lines,
    }
    notes = _write_notes(connection, unknown_codes, has_items=bool(get_data(state, ITEMS_PART)), lines=lines)
    is_incomplete = ITEMS_PART not in state and session["goods"] > 0 and now - placed_at < COMPLETED_WITHIN
    return BuiltOrder(row, _find_change(state), progress.due_at, notes, is_incomplete)


def _choose_click_id(state: State, options: Options) -> str | None:
    """Return the genuine click id among those that were sent, else the first: a reference may be the shop's own."""
    name = get_option(options, "click_id_metadata", DEFAULT_CLICK_ID_METADATA)
    parts = (f"metadata {name}", "reference", f"intent metadata {name}")
    sent: list[str] = [text for part in parts if (text := get_data(state, part))]
    genuine = [text for text in sent if verify_click_id(find_click_id(text))]
    return next(iter(genuine or sent), None)


def _map_promotion_codes(state: State, session: dict[str, Any], options: Options) -> tuple[list[str], list[str]]:
    """Return the codes that the customer entered, by the API and the connection's table, and the ids of unknown ones."""
    entered, data = options.get("promotion_codes"), get_data(state, CODES_PART) or {}
    # Until 1.0.0rc1 the part was {id: code}.
    fetched = dict(zip(data["ids"], data["coupons"], strict=True)) if "ids" in data else data
    table = {**fetched, **(entered if isinstance(entered, dict) else {})}
    ids = list(dict.fromkeys(session["promotion_codes"]))
    codes = {one: str(table[one] or "").strip() for one in ids if one in table}
    return [code for code in codes.values() if code][:MAX_COUPONS], [one for one in ids if not codes.get(one)]


def _find_change(state: State) -> datetime:
    """Return the moment of the newest event."""
    newest = max(part["version"][:_MOMENT] for part in state.values())
    return datetime.fromisoformat(newest).replace(tzinfo=UTC)


def _write_notes(
    connection: Connection, unknown_codes: list[str], *, has_items: bool, lines: Sequence[Mapping[str, Any]]
) -> list[str]:
    notes = []
    if not has_items:
        notes.append("The whole checkout is one line, because events of Stripe name no products.")
    if is_partly_refunded(lines):
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
