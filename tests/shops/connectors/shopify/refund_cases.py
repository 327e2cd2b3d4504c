"""Refunds, edits and order of arrival of Shopify's events: see `situations`."""

import copy
from collections.abc import Sequence
from typing import Any

from tests.shops.connectors.shopify.payloads import (
    Sent,
    add_line,
    build_money_refund,
    build_order,
    build_refund,
    build_taxed_order,
    change_line,
    discount,
    load,
    refund_lines,
)
from tests.shops.connectors.shopify.situations import GIFT_CARD, LATER, Case, create, update

THREE = change_line(build_order(), 0, quantity=3, current_quantity=3, price="3.34", tax_lines=[])
# 3 x 3.34 - 0.02 = 10.00.
THREE_FOR_TEN = discount(THREE, "0.02", "0.00")
EDITED = change_line(build_order(), 0, current_quantity=1)
NO_MONEY = {"transactions": []}


def refunded(first: str, second: str = "0.00") -> Sequence[tuple[str, str, str]]:
    return (("11", "80.00", first), ("12", "15.50", second))


def with_shipping(refund: dict[str, Any]) -> dict[str, Any]:
    money = {"subtotal_amount_set": {"shop_money": {"amount": "9.90", "currency_code": "USD"}}}
    return refund | {"refund_shipping_lines": [{"id": 1, "shipping_line": {"id": 31}} | money]}


def adjust(refund: dict[str, Any], amount: str, paid: str, **changes: Any) -> dict[str, Any]:
    """Return the refund with an adjustment, and with the money that was really paid back."""
    changed = copy.deepcopy(refund)
    changed["transactions"][0]["amount"] = paid
    adjustment = {"amount": amount, "tax_amount": "0.00", "kind": "refund_discrepancy", "reason": "Restock"} | changes
    return changed | {"order_adjustments": [adjustment]}


REFUNDS = (
    Case("refund of a line", [update(build_order(), build_refund())], refunded("40.00")),
    Case(
        "refund of a line with tax in it",
        [update(build_taxed_order(), build_refund(refund_line_items=refund_lines((11, 1, 48.00, 8.00))))],
        refunded("40.00"),
    ),
    Case(
        "refund of a line, its subtotal without the tax of the price",
        [update(build_taxed_order(), build_refund(refund_line_items=refund_lines((11, 1, 40.00, 8.00))))],
        refunded("40.00"),
    ),
    Case("of everything", [update(build_order(financial_status="refunded"))], refunded("80.00", "15.50")),
    Case(
        "refund of goods and shipping",
        [update(build_order(), with_shipping(build_refund()))],
        refunded("40.00"),
    ),
    Case(
        "refund of shipping alone",
        [update(build_order(), with_shipping(build_refund(refund_line_items=[])))],
        refunded("0.00"),
    ),
    Case(
        "refund of shipping, as an adjustment",
        [
            update(
                build_order(),
                adjust(build_refund(refund_line_items=[]), "-9.90", "9.90", kind="shipping_refund"),
            )
        ],
        refunded("0.00"),
    ),
    Case(
        # Goods: 20.00 x 95.50 / 114.95 = 16.62. Lines: 13.9225 and 2.6975; the cent goes to the larger rest.
        "money back without lines",
        [update(build_order(), build_money_refund("20.00"))],
        refunded("13.92", "2.70"),
    ),
    Case(
        # Goods: 20.00 x 95.50 / (114.60 + 9.90) = 15.34. Lines: 12.8502 and 2.4898.
        "money back without lines, prices with tax",
        [update(build_taxed_order(), build_money_refund("20.00"))],
        refunded("12.85", "2.49"),
    ),
    Case(
        "money back that only its transaction names",
        [update(build_order(), build_money_refund("20.00", order_adjustments=[]))],
        refunded("13.92", "2.70"),
    ),
    Case(
        "everything back without lines",
        [update(build_order(), build_money_refund("114.95"))],
        refunded("80.00", "15.50"),
    ),
    Case(
        "money back that failed",
        [
            update(
                build_order(),
                build_money_refund("20.00", transactions=[{"kind": "refund", "status": "failure", "amount": "20.00"}]),
            )
        ],
        refunded("0.00"),
    ),
    Case(
        # 44.00 is worth 39.60 to the customer: 40.00 x 39.60 / 44.00.
        "the shop keeps a fee",
        [update(build_order(), adjust(build_refund(), "4.40", "39.60"))],
        refunded("36.00"),
    ),
    Case(
        "the money has not moved yet",
        [update(build_order(), adjust(build_refund(transactions=[{}]), "44.00", "0.00"))],
        refunded("40.00"),
    ),
    Case(
        # Left of the goods: 55.50 of 114.95 - 44.00 = 70.95. 10.00 x 55.50 / 70.95 = 7.82: 5.6360 and 2.1840.
        "a line and something on top",
        [update(build_order(), adjust(build_refund(), "-10.00", "54.00"))],
        refunded("45.64", "2.18"),
    ),
    Case(
        "by refunds/create, and again by orders/updated",
        [create(build_order()), Sent("refunds/create", build_refund()), update(build_order(), build_refund())],
        refunded("40.00"),
    ),
    Case(
        "by refunds/create alone",
        [create(build_order()), Sent("refunds/create", build_refund())],
        refunded("40.00"),
    ),
    Case("before the order", [Sent("refunds/create", build_refund())], ignored="not arrived"),
    Case(
        "before the order, which arrives late",
        [Sent("refunds/create", build_refund()), create(build_order())],
        refunded("40.00"),
    ),
    Case(
        "two refunds of a line",
        [update(build_order(), build_refund(), build_refund(id=880002))],
        refunded("80.00"),
    ),
    Case(
        # Cumulated and rounded once: 10.00 x 2 / 3 is 6.67, not 3.33 twice.
        "two of three pieces, prices with tax",
        [
            update(
                THREE_FOR_TEN | {"taxes_included": True},
                build_refund(refund_line_items=refund_lines((11, 1, 3.33, 0.00))),
                build_refund(id=880002, refund_line_items=refund_lines((11, 1, 3.33, 0.00))),
            )
        ],
        (("11", "10.00", "6.67"), ("12", "13.95", "0.00")),
    ),
    Case(
        "two of three pieces, as the shop rounds",
        [
            update(
                THREE_FOR_TEN,
                build_refund(refund_line_items=refund_lines((11, 1, 3.33, 0.00))),
                build_refund(id=880002, refund_line_items=refund_lines((11, 1, 3.34, 0.00))),
            )
        ],
        (("11", "10.00", "6.67"), ("12", "15.50", "0.00")),
    ),
    Case(
        "more than was bought",
        [update(build_order(), build_refund(refund_line_items=refund_lines((11, 5, 200.00, 20.00))))],
        refunded("80.00"),
    ),
    Case(
        "more money than was paid",
        [update(build_order(), build_money_refund("500.00"))],
        refunded("80.00", "15.50"),
    ),
    Case(
        # Shipping counts with 9.90 at most: 20.00 x 95.50 / 105.05 = 18.18. Lines: 15.2293 and 2.9507.
        "more shipping than was paid, and money",
        [
            update(
                build_order(),
                *[with_shipping(build_refund(id=number, refund_line_items=[])) for number in (1, 2)],
                build_money_refund("20.00"),
            )
        ],
        refunded("15.23", "2.95"),
    ),
    Case(
        "of a line that the order does not have",
        [update(build_order(), build_refund(refund_line_items=refund_lines((99, 1, 40.00, 4.00))))],
        refunded("0.00"),
    ),
    Case(
        # Goods: 1.01 x 95.50 / 124.95 = 0.77. Lines: 0.6450 and 0.1250; the cent goes to the larger rest.
        "money back, with a gift card in the order",
        [update(add_line(build_order(), **GIFT_CARD), build_money_refund("1.01"))],
        refunded("0.65", "0.12"),
    ),
)
EDITS = (
    Case(
        "a piece is removed",
        [create(build_order()), update(EDITED, build_refund(**NO_MONEY))],
        refunded("40.00"),
    ),
    Case("a piece is removed, without a refund", [create(build_order()), update(EDITED)], refunded("40.00")),
    Case(
        "a discounted piece is removed, its allocation stays",
        [
            update(
                discount(EDITED, "19.20", "0.00"),
                build_refund(**NO_MONEY, refund_line_items=refund_lines((11, 1, 30.40, 3.04))),
            )
        ],
        (("11", "60.80", "30.40"), ("12", "15.50", "0.00")),
    ),
    Case(
        "a line is added",
        [create(build_order()), update(add_line(build_order(financial_status="partially_paid")))],
        (("11", "80.00", "0.00"), ("12", "15.50", "0.00"), ("13", "10.00", "0.00")),
        {"status": "paid"},
    ),
    Case(
        "an exchange: one piece back, one line more",
        [create(build_order()), update(add_line(EDITED), build_refund())],
        (("11", "80.00", "40.00"), ("12", "15.50", "0.00"), ("13", "10.00", "0.00")),
    ),
    Case("the edit alone", [create(build_order()), Sent("orders/edited", load("order_edited"))]),
)
ORDER_OF_ARRIVAL = (
    Case(
        "late: the older state after the newer",
        [update(build_order(), build_refund()), create(build_order())],
        refunded("40.00"),
    ),
    Case(
        "two states of one second",
        [
            Sent("orders/updated", discount(build_order(), "2.00", "0.00"), "2026-01-12T12:00:02.500000002Z"),
            Sent("orders/updated", discount(build_order(), "1.00", "0.00"), "2026-01-12T12:00:02.500000001Z"),
        ],
        (("11", "78.00", "0.00"), ("12", "15.50", "0.00")),
    ),
    Case(
        "an old body that is sent again as a new one",
        [
            Sent("orders/updated", build_order(**LATER) | {"financial_status": "refunded"}, "2026-01-20T12:00:01.5Z"),
            Sent("orders/create", build_order(), "2026-01-31T12:00:00Z"),
        ],
        refunded("80.00", "15.50"),
    ),
)
CASES = (*REFUNDS, *EDITS, *ORDER_OF_ARRIVAL)
