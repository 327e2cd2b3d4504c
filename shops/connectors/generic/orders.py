"""From the state of an order to its snapshot: amounts without tax, discounts and refunds by line (specification 11). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from django.utils.translation import gettext as _

from lib.money import HUNDRED, ZERO, round_to_cents
from shops.connectors import completion
from shops.connectors.amounts import format_amount, spread, take_share
from shops.connectors.base import BuiltOrder, Ignored
from shops.connectors.completion import Progress
from shops.connectors.generic.options import Amounts, GenericOptions, Price, Status, Unit
from shops.connectors.parts import State, get_data
from shops.models import Connection
from tracking.orders.snapshot_fields import Rejected
from tracking.orders.snapshots import format_timestamp

Data = dict[str, Any]
PAID = (Status.PAID, Status.COMPLETED, Status.REFUNDED)


def build_order(
    state: State, connection: Connection, options: GenericOptions, *, was_sent: bool, now: datetime
) -> BuiltOrder:
    """Return the order of a state. Raises Ignored or Rejected."""
    order: Data = get_data(state, "order")
    status = _map_status(order, options)
    placed_at = datetime.fromisoformat(get_data(state, "placed")["at"])
    progress = _decide_progress(state, connection, options, status, placed_at=placed_at, was_sent=was_sent, now=now)
    notes: list[str] = []
    lines = _build_lines(order, options, notes, is_refunded=status == Status.REFUNDED)
    click = get_data(state, "click")
    row = {
        "status": progress.status,
        "placed_at": format_timestamp(placed_at),
        "completed_at": progress.completed_at and format_timestamp(progress.completed_at),
        "currency": order["currency"],
        "click_id": click and click["click_id"],
        "coupons": order["coupons"],
        "customer": {"ref": order["customer_ref"] or None, "country": order["customer_country"] or None},
        "lines": lines,
    }
    changed_at = datetime.fromisoformat(order["changed_at"])
    return BuiltOrder(row, changed_at=changed_at, due_at=progress.due_at, notes=notes)


def _map_status(order: Data, options: GenericOptions) -> Status:
    if order["is_cancelled"]:
        return Status.CANCELLED
    if not options.get_path_text("status"):
        return Status.PAID
    word = order["status"]
    found = options["statuses"].get(word)
    if found is None:
        raise Rejected(
            "status", f"is {word!r}, which is not in the connection's table of words" if word else "is missing"
        )
    return Status(found)


def _decide_progress(
    state: State,
    connection: Connection,
    options: GenericOptions,
    status: Status,
    *,
    placed_at: datetime,
    was_sent: bool,
    now: datetime,
) -> Progress:
    if status == Status.IGNORED:
        raise Ignored("its status is ignored")
    if status not in PAID:
        # An event that was processed together with this one may have said that the order was paid.
        if not was_sent and _find_first(state, options, PAID) is None:
            unpaid = status == Status.UNPAID
            raise Ignored("is not paid yet" if unpaid else "was cancelled before it was paid")
        return Progress("cancelled", None)
    order = get_data(state, "order")
    paid_at = _parse(order["paid_at"]) or _find_first(state, options, PAID) or placed_at
    fulfilled_at = _parse(order["completed_at"])
    if fulfilled_at is None and status == Status.COMPLETED:
        fulfilled_at = _find_first(state, options, (Status.COMPLETED,))
    if fulfilled_at is None and status == Status.REFUNDED:
        fulfilled_at = _find_first(state, options, (Status.COMPLETED,))
    return completion.decide(connection, placed_at=placed_at, paid_at=paid_at, fulfilled_at=fulfilled_at, now=now)


def _find_first(state: State, options: GenericOptions, statuses: Sequence[Status]) -> datetime | None:
    """Return when an event first had a word of one of these statuses."""
    moments = [
        datetime.fromisoformat(entry["data"]["at"])
        for name, entry in state.items()
        if name.startswith("word:") and options["statuses"].get(name.removeprefix("word:")) in statuses
    ]
    return min(moments, default=None)


def _parse(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@dataclass(slots=True)
class _Line:
    """A line on its way to the snapshot. `paid` is after discounts, with tax if the shop's amounts have it."""

    data: Data
    quantity: Decimal
    paid: Decimal
    amount: Decimal = ZERO
    refunded: Decimal = ZERO


def _build_lines(order: Data, options: GenericOptions, notes: list[str], *, is_refunded: bool) -> list[Data]:
    lines = [_read_line(data, options) for data in order["lines"]]
    # A line with a negative amount is a discount on the others.
    discount = _read_money(order.get("discount"), options) - sum((line.paid for line in lines if line.paid < 0), ZERO)
    lines = [line for line in lines if line.paid >= 0]
    if not lines:
        raise Rejected("lines", "has only discounts")
    _deduct_discounts(lines, discount, options)
    _remove_tax(lines, order, options)
    if is_refunded:
        for line in lines:
            line.refunded = line.amount
    else:
        _share_refunds(lines, order, options, notes)
    return [_format_line(line) for line in lines]


def _read_money(text: str | None, options: GenericOptions) -> Decimal:
    amount = Decimal(text or 0)
    return amount / HUNDRED if options["unit"] == Unit.MINOR else amount


def _read_line(data: Data, options: GenericOptions) -> _Line:
    quantity, price = Decimal(data["quantity"]), _read_money(data["amount"], options)
    return _Line(data, quantity, price * quantity if options["price"] == Price.UNIT else price)


def _deduct_discounts(lines: Sequence[_Line], discount: Decimal, options: GenericOptions) -> None:
    """Deduct the lines' own discounts, then the order's in proportion to what is left."""
    for line in lines:
        line.paid = max(line.paid - _read_money(line.data.get("discount"), options), ZERO)
    shares = spread(discount, [line.paid for line in lines])
    for line, share in zip(lines, shares, strict=True):
        line.paid = max(line.paid - share, ZERO)


def _remove_tax(lines: Sequence[_Line], order: Data, options: GenericOptions) -> None:
    """Set the amounts: what was paid without tax, rounded once."""
    shares = [ZERO for _line in lines]
    if options["amounts"] == Amounts.TAX_AMOUNT and order.get("tax"):
        shares = spread(_read_money(order["tax"], options), [line.paid for line in lines])
    for line, share in zip(lines, shares, strict=True):
        net = line.paid - share
        if options["amounts"] == Amounts.TAX_RATE:
            net = line.paid * HUNDRED / (HUNDRED + Decimal(line.data.get("tax") or 0))
        elif options["amounts"] == Amounts.TAX_AMOUNT:
            net -= _read_money(line.data.get("tax"), options)
        line.amount = max(round_to_cents(net), ZERO)


def _share_refunds(lines: Sequence[_Line], order: Data, options: GenericOptions, notes: list[str]) -> None:
    """Set what was refunded of each line: its own refunds, and its share of the order's."""
    for line in lines:
        quantity = Decimal(line.data.get("refunded_quantity") or 0)
        refunded = _read_money(line.data.get("refunded"), options)
        if refunded:
            line.refunded = take_share(line.amount, min(refunded, line.paid), line.paid)
        elif quantity:
            line.refunded = take_share(line.amount, min(quantity, line.quantity), line.quantity)
    refunded = _read_money(order.get("refunded"), options)
    if refunded:
        goods = sum((line.amount for line in lines), ZERO)
        paid = _read_money(order["total"], options) or sum((line.paid for line in lines), ZERO)
        shares = spread(take_share(goods, min(refunded, paid), paid), [line.amount for line in lines])
        for line, share in zip(lines, shares, strict=True):
            line.refunded = min(line.refunded + share, line.amount)
        notes.append(_("The shop names no lines of its refunds: they are spread over the order."))


def _format_line(line: _Line) -> Data:
    return {
        "line_id": line.data["line_id"],
        "sku": line.data["sku"],
        "title": line.data["title"],
        "quantity": max(int(line.quantity.to_integral_value(ROUND_CEILING)), 1),
        "amount": format_amount(line.amount),
        "refunded": format_amount(line.refunded),
        "shop_categories": line.data["categories"],
        "product_key": line.data["product_key"],
    }
