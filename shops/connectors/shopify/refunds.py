"""Shopify's refunds: what is kept of them, and what of each line they return (specification 11). Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lib.money import ZERO, round_to_cents
from shops.connectors.amounts import spread, take_share
from shops.connectors.shopify.fields import (
    Object,
    list_objects,
    read_amount,
    read_id,
    read_optional_amount,
    read_quantity,
    read_shop_money,
    read_text,
)

_FAILED = ("failure", "error")


def read_refund(refund: Object, path: str = "") -> dict[str, Any]:
    """Return the data of a refund, with amounts as text in the shop's currency.

    `unnamed` is what was paid back beyond the lines and the shipping that the refund names, or, if negative, what the
    shop kept of them. `money` are the amounts paid back, with their currencies, if the refund names nothing else.
    """
    lines = [_read_line(line, at) for at, line in list_objects(refund, "refund_line_items", path)]
    shipping, unnamed = _read_adjustments(refund, path)
    shipping += _read_shipping(refund, path)
    payments = [pair for pair in list_objects(refund, "transactions", path) if pair[1].get("kind") == "refund"]
    states = [row.get("status") for _at, row in payments]
    is_void = bool(states) and all(state in _FAILED for state in states)
    # Lines that were removed before any money moved are worth as much as the order says.
    is_unpaid = unnamed is not None and unnamed < 0 and "success" not in states
    names_money_only = not lines and not shipping and unnamed is None
    return {
        "lines": lines,
        "shipping": str(shipping),
        "unnamed": "0" if unnamed is None or is_void or is_unpaid else str(unnamed),
        "money": [
            _read_payment(row, at) for at, row in payments if names_money_only and row.get("status") not in _FAILED
        ],
    }


def _read_line(line: Object, path: str) -> dict[str, Any]:
    subtotal = read_optional_amount(line, "subtotal", path)
    read_optional_amount(line, "total_tax", path)
    return {
        "line_id": read_id(line.get("line_item_id"), f"{path}.line_item_id"),
        "quantity": read_quantity(line.get("quantity"), f"{path}.quantity"),
        "subtotal": None if subtotal is None else str(subtotal),
    }


def _read_adjustments(refund: Object, path: str) -> tuple[Decimal, Decimal | None]:
    """Return what adjustments pay back: for shipping, and, if there are others, for nothing that is named."""
    shipping, unnamed = Decimal(), None
    for at, row in list_objects(refund, "order_adjustments", path):
        amount = read_optional_amount(row, "amount", at, signed=True) or Decimal()
        amount += read_optional_amount(row, "tax_amount", at, signed=True) or Decimal()
        if row.get("kind") == "shipping_refund":
            shipping -= amount
        else:
            unnamed = (unnamed or Decimal()) - amount
    return shipping, unnamed


def _read_shipping(refund: Object, path: str) -> Decimal:
    total = Decimal()
    for at, line in list_objects(refund, "refund_shipping_lines", path):
        for key in ("subtotal_amount_set", "tax_amount_set"):
            total += read_shop_money(line, key, at) or Decimal()
    return total


def _read_payment(payment: Object, path: str) -> tuple[str, str]:
    return str(read_amount(payment.get("amount"), f"{path}.amount")), read_text(payment.get("currency"), 3)


class Refunded(NamedTuple):
    """The refunded amount of each line, and the sum that was paid back without lines."""

    by_line: list[Decimal]
    unnamed: Decimal


def calculate_refunded(order: Mapping[str, Any], refunds: Sequence[Mapping[str, Any]]) -> Refunded:
    """Return what was refunded of the order's lines, cumulated and never above their amounts.

    Money without lines is spread over what is left of goods, tax and shipping, and the goods' share over the lines.
    """
    lines = order["lines"]
    amounts = [round_to_cents(Decimal(line["net"])) for line in lines]
    named = [_sum_named(line, refunds, included=order["taxes_included"]) for line in lines]
    parts = [value / amount if amount else ZERO for value, amount in zip(named, amounts, strict=True)]
    gross = [Decimal(line["gross"]) for line in lines]
    shipping = Decimal(order["shipping"])
    shipping_back = min(sum((Decimal(refund["shipping"]) for refund in refunds), ZERO), shipping)
    named_gross = sum((whole * part for whole, part in zip(gross, parts, strict=True)), shipping_back)
    unnamed = sum((_sum_unnamed(refund, order["currency"]) for refund in refunds), ZERO)
    if unnamed < 0:
        kept = min(-unnamed / named_gross, Decimal(1)) if named_gross else ZERO
        return Refunded([round_to_cents(value * (1 - kept)) for value in named], ZERO)
    by_line = [min(round_to_cents(value), amount) for value, amount in zip(named, amounts, strict=True)]
    left = [
        amount - value if line["is_goods"] else ZERO
        for line, amount, value in zip(lines, amounts, by_line, strict=True)
    ]
    share = take_share(sum(left, ZERO), unnamed, sum(gross, shipping) - named_gross)
    shares = spread(share, left)
    return Refunded([value + extra for value, extra in zip(by_line, shares, strict=True)], unnamed)


def _sum_named(line: Mapping[str, Any], refunds: Sequence[Mapping[str, Any]], *, included: bool) -> Decimal:
    """Return the part of the line's amount that refunds name, or that an edit removed.

    Whether a subtotal has tax in it is not documented, so that of prices with tax the quantity counts.
    """
    amount, quantity = Decimal(line["net"]), line["quantity"]
    rows = [row for refund in refunds for row in refund["lines"] if row["line_id"] == line["line_id"]]
    pieces = sum(row["quantity"] for row in rows if included or row["subtotal"] is None)
    total = sum((Decimal(row["subtotal"]) for row in rows if not included and row["subtotal"] is not None), Decimal())
    if line["current"] is not None:
        # An edit lowers the quantity and adds a refund: what both say counts once.
        pieces += max(quantity - line["current"] - sum(row["quantity"] for row in rows), 0)
    return min(total + (amount * pieces / quantity if quantity else ZERO), amount)


def _sum_unnamed(refund: Mapping[str, Any], currency: str) -> Decimal:
    money = sum((Decimal(amount) for amount, paid_in in refund["money"] if paid_in in (currency, "")), Decimal())
    return Decimal(refund["unnamed"]) + money
