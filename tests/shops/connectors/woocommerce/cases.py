"""Situations of orders in WooCommerce, and the snapshot that each becomes, computed by hand (specification 11).

Unless a case changes them, line 11 is 40.00 and 8.00 tax, line 12 is 60.00 and 12.00 tax, shipping is 10.00 and 2.00
tax: 132.00 were paid, of which 100.00 are goods.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.shops.connectors.woocommerce.payloads import at_second, build_fee, build_order, build_refund, build_refunds

IGNORED = "ignored"
COMPLETED = "2026-01-15T12:00:00"
GIFT = [{"id": 1, "key": "wc_gift_card_to", "value": "friend@example.com"}]


@dataclass(frozen=True)
class Case:
    """`events` are (topic, payload) in order of arrival, `refunds` what the shop's API knows about refunds."""

    name: str
    events: list[tuple[str, dict[str, Any]]]
    # The status, and (amount, refunded) by line.
    status: str
    lines: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {"11": ("40.00", "0.00"), "12": ("60.00", "0.00")}
    )
    refunds: list[dict[str, Any]] = field(default_factory=list)
    was_sent: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    # Other fields of the snapshot.
    also: dict[str, Any] = field(default_factory=dict)


def one(**changes: Any) -> list[tuple[str, dict[str, Any]]]:
    return [("order.updated", build_order(**changes))]


def lines(first: str, second: str, first_refunded: str = "0.00", second_refunded: str = "0.00") -> dict[str, Any]:
    return {"11": (first, first_refunded), "12": (second, second_refunded)}


def refunded(first: str, second: str) -> dict[str, Any]:
    return lines("40.00", "60.00", first, second)


# A refund of one cup, 20.00 and 4.00 tax, and 33.00 more without lines.
MIXED = build_refund(amount="57.00")
SHIPPING = build_refund(
    amount="12.00",
    line_items=[],
    shipping_lines=[{"id": 32, "total": "-10.00", "total_tax": "-2.00", "meta_data": []}],
)

CASES = [
    Case("paid", one(), "paid", also={"placed_at": "2026-01-12T12:00:00Z", "completed_at": None, "currency": "USD"}),
    Case(
        "completed",
        one(status="completed", date_completed_gmt=COMPLETED),
        "completed",
        also={"completed_at": "2026-01-15T12:00:00Z"},
    ),
    Case(
        "completed and set back: the date of completion stays in the payload",
        one(status="processing", date_completed_gmt=COMPLETED),
        "paid",
        also={"completed_at": None},
    ),
    Case("cash on delivery has no date of payment", one(date_paid=None, date_paid_gmt=None), "paid"),
    # Discounts.
    Case(
        "10 % coupon",
        one(
            lines={0: {"total": "36.00", "total_tax": "7.20"}, 1: {"total": "54.00", "total_tax": "10.80"}},
            coupon_lines=[{"id": 41, "code": "summer10", "discount": "10.00", "discount_tax": "2.00"}],
        ),
        "paid",
        lines("36.00", "54.00"),
        also={"coupons": ["summer10"]},
    ),
    Case(
        "coupon for one product",
        one(lines={1: {"total": "45.50"}}, coupon_lines=[{"id": 41, "code": "poster"}, {"id": 42, "code": "ann"}]),
        "paid",
        lines("40.00", "45.50"),
        also={"coupons": ["poster", "ann"]},
    ),
    Case(
        "100 % coupon: lines of 0.00 are sent",
        one(lines={0: {"total": "0.00", "total_tax": "0.00"}, 1: {"total": "0.00", "total_tax": "0.00"}}),
        "paid",
        lines("0.00", "0.00"),
    ),
    # 10.00 in proportion to 40 and 60.
    Case("negative fee is a discount", one(fee_lines=[build_fee("-10.00", "-2.00")]), "paid", lines("36.00", "54.00")),
    # 0.004 and 0.006: the cent goes to the larger remainder.
    Case("negative fee of one cent", one(fee_lines=[build_fee("-0.01")]), "paid", lines("40.00", "59.99")),
    Case("negative fee above the goods", one(fee_lines=[build_fee("-200.00")]), "paid", lines("0.00", "0.00")),
    Case("positive fee is no goods", one(fee_lines=[build_fee("5.00", "1.00")]), "paid"),
    # Tax, shipping, decimals.
    Case(
        "prices that include tax: totals are net all the same",
        one(prices_include_tax=True, lines={0: {"total": "33.33", "total_tax": "6.67"}}),
        "paid",
        lines("33.33", "60.00"),
    ),
    Case("free shipping", one(shipping_lines=[], shipping_total="0.00", shipping_tax="0.00"), "paid"),
    Case("no decimals", one(lines={0: {"total": "40"}, 1: {"total": "61"}}), "paid", lines("40.00", "61.00")),
    Case(
        "three decimals round half away from zero",
        one(lines={0: {"total": "40.005"}, 1: {"total": "59.994"}}),
        "paid",
        lines("40.01", "59.99"),
    ),
    Case(
        "order in another currency keeps it, for intake to refuse",
        one(currency="EUR"),
        "paid",
        also={"currency": "EUR"},
    ),
    # Refunds without lines: 33.00 are a quarter of 132.00, so 25.00 of the goods.
    Case("partial refund without lines", one(refunds=build_refunds("-33.00")), "paid", refunded("10.00", "15.00")),
    Case(
        "two partial refunds without lines",
        one(refunds=build_refunds("-33.00", "-33.00")),
        "paid",
        refunded("20.00", "30.00"),
    ),
    Case("whole refund without lines", one(refunds=build_refunds("-132.00")), "paid", refunded("40.00", "60.00")),
    Case("refund above the order", one(refunds=build_refunds("-500.00")), "paid", refunded("40.00", "60.00")),
    Case(
        "status refunded, with the refund that it makes",
        one(status="refunded", refunds=build_refunds("-132.00")),
        "paid",
        refunded("40.00", "60.00"),
    ),
    Case("status refunded without a refund", one(status="refunded"), "paid", refunded("40.00", "60.00")),
    # 120.00 were paid, of which 90.00 goods: 60.00 x 90 / 120 = 45.00, in proportion to 36 and 54.
    Case(
        "refund of an order with a negative fee",
        one(fee_lines=[build_fee("-10.00", "-2.00")], refunds=build_refunds("-60.00")),
        "paid",
        lines("36.00", "54.00", "18.00", "27.00"),
    ),
    # Refunds with lines, from the API.
    Case(
        "refund of one cup",
        one(refunds=build_refunds("-24.00")),
        "paid",
        refunded("20.00", "0.00"),
        refunds=[build_refund()],
    ),
    Case(
        "refund of shipping alone",
        one(refunds=build_refunds("-12.00")),
        "paid",
        refunded("0.00", "0.00"),
        refunds=[SHIPPING],
    ),
    Case(
        "refund that the API knows without lines",
        one(refunds=build_refunds("-33.00")),
        "paid",
        refunded("10.00", "15.00"),
        refunds=[build_refund(amount="33.00", line_items=[])],
    ),
    # 108.00 are left after the cup, of which 80.00 goods: 33 x 80 / 108 = 24.44, in proportion to 20 and 60.
    Case(
        "refund of one cup and an amount more",
        one(refunds=build_refunds("-57.00")),
        "paid",
        refunded("26.11", "18.33"),
        refunds=[MIXED],
    ),
    # The same with the amount in a second refund, which the API was not asked for yet.
    Case(
        "refund with lines, then one without",
        one(refunds=build_refunds("-24.00", "-33.00")),
        "paid",
        refunded("26.11", "18.33"),
        refunds=[build_refund()],
    ),
    Case(
        "line refund above what the line cost after a negative fee",
        one(
            fee_lines=[build_fee("-10.00", "-2.00")],
            refunds=build_refunds("-48.00"),
        ),
        "paid",
        lines("36.00", "54.00", "36.00", "0.00"),
        refunds=[
            build_refund(
                amount="48.00",
                line_items=[
                    build_refund()["line_items"][0] | {"total": "-40.00", "total_tax": "-8.00", "quantity": -2}
                ],
            )
        ],
    ),
    Case("refund that was deleted again", one(refunds=[]), "paid", refunded("0.00", "0.00"), refunds=[build_refund()]),
    # States.
    *(
        Case(f"{status}, nothing sent before", one(status=status), IGNORED)
        for status in ("pending", "on-hold", "failed", "checkout-draft", "cancelled", "trash")
    ),
    *(
        Case(f"{status}, sent before", one(status=status), "cancelled", was_sent=True)
        for status in ("pending", "on-hold", "failed", "cancelled", "trash")
    ),
    Case("custom status, paid", one(status="ready-to-ship"), "paid"),
    Case("custom status, not paid", one(status="ready-to-ship", date_paid_gmt=None), IGNORED),
    Case(
        "custom status, mapped to completed",
        one(status="delivered"),
        "completed",
        options={"statuses": {"wc-delivered": "completed"}},
        also={"completed_at": "2026-01-12T12:00:08Z"},
    ),
    Case("custom status, mapped to unpaid", one(status="review"), IGNORED, options={"statuses": {"review": "unpaid"}}),
    Case(
        "custom status, mapped to refunded",
        one(status="returned"),
        "paid",
        refunded("40.00", "60.00"),
        options={"statuses": {"returned": "refunded"}},
    ),
    Case("deleted", [*one(), ("order.deleted", {"id": 727})], "cancelled"),
    Case("deleted before it was paid", [*one(status="pending"), ("order.deleted", {"id": 727})], IGNORED),
    Case(
        "cancelled, and the payment before it arrives late",
        [*one(date_modified_gmt=at_second(60), status="cancelled"), *one()],
        "cancelled",
    ),
    Case(
        "deleted and restored with an earlier time of modification",
        [*one(), ("order.deleted", {"id": 727}), ("order.restored", build_order())],
        "paid",
        was_sent=True,
    ),
    # Order of events.
    Case(
        "an older state that arrives late",
        [*one(date_modified_gmt=at_second(60), refunds=build_refunds("-33.00")), *one()],
        "paid",
        refunded("10.00", "15.00"),
    ),
    Case("the same state twice", [*one(), *one()], "paid"),
    Case(
        "two states of one second: the later arrival counts",
        [*one(), *one(lines={1: {"total": "50.00", "total_tax": "10.00"}})],
        "paid",
        lines("40.00", "50.00"),
    ),
    Case(
        "two states of one second, the other way around",
        [*one(lines={1: {"total": "50.00", "total_tax": "10.00"}}), *one()],
        "paid",
        lines("40.00", "60.00"),
    ),
    Case(
        "the update arrives before the creation",
        [*one(date_modified_gmt=at_second(60), status="completed"), ("order.created", build_order())],
        "completed",
        also={"completed_at": "2026-01-12T12:01:00Z"},
    ),
    Case(
        "a date of creation that staff changed: the first stays",
        [*one(), *one(date_modified_gmt=at_second(60), date_created_gmt="2026-01-11T12:00:00")],
        "paid",
        also={"placed_at": "2026-01-12T12:00:00Z"},
    ),
    # Edits.
    Case(
        "a line removed",
        [*one(), *one(date_modified_gmt=at_second(60), line_items=build_order()["line_items"][:1])],
        "paid",
        {"11": ("40.00", "0.00")},
    ),
    Case(
        "a line added",
        [
            *one(),
            *one(
                date_modified_gmt=at_second(60),
                line_items=[*build_order()["line_items"], build_order()["line_items"][0] | {"id": 19, "total": "7.00"}],
            ),
        ],
        "paid",
        {"11": ("40.00", "0.00"), "12": ("60.00", "0.00"), "19": ("7.00", "0.00")},
    ),
    Case(
        "all lines removed after a snapshot was sent",
        one(line_items=[]),
        "paid",
        {"none": ("0.00", "0.00")},
        was_sent=True,
    ),
    # Lines.
    Case(
        "all lines removed, and the state before it arrives late",
        [*one(date_modified_gmt=at_second(60), line_items=[]), *one()],
        "paid",
        {"none": ("0.00", "0.00")},
    ),
    Case(
        "missing product",
        one(line_items=[build_order()["line_items"][0] | {"product_id": 0, "sku": None}]),
        "paid",
        {"11": ("40.00", "0.00")},
    ),
    Case("a quantity of 2.5", one(lines={0: {"quantity": 2.5}}), "paid"),
    Case(
        "a bought gift card is no goods",
        one(lines={1: {"meta_data": GIFT}}),
        "paid",
        {"11": ("40.00", "0.00")},
    ),
    Case("nothing but a gift card", one(line_items=[build_order()["line_items"][1] | {"meta_data": GIFT}]), IGNORED),
    # 132.00 are the goods, tax and shipping, whatever was paid with the card.
    Case(
        "paid with a gift card",
        one(total="32.00", refunds=build_refunds("-33.00")),
        "paid",
        refunded("10.00", "15.00"),
    ),
    # A line of -15.00, such as a trade-in: 6.00 and 9.00 off.
    Case(
        "a negative line is a discount",
        one(line_items=[*build_order()["line_items"], build_order()["line_items"][0] | {"id": 19, "total": "-15.00"}]),
        "paid",
        lines("34.00", "51.00"),
    ),
    # Customers.
    Case("guest", one(), "paid", also={"customer": {"ref": "erika@example.com", "country": "US"}}),
    Case("customer with an account", one(customer_id=26), "paid", also={"customer": {"ref": "26", "country": "US"}}),
    Case(
        "order without address",
        one(billing={"country": "", "email": ""}),
        "paid",
        also={"customer": {"ref": None, "country": None}},
    ),
    # Of no use.
    Case("sub-order of a marketplace", one(parent_id=700), IGNORED),
    Case("renewal of a subscription", one(created_via="subscription"), IGNORED),
    Case(
        "renewal of a subscription, by its meta data",
        one(meta_data=[{"id": 1, "key": "_subscription_renewal", "value": "650"}]),
        IGNORED,
    ),
]
