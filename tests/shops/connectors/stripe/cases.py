"""Situations of payments in Stripe, and the snapshot that each becomes, computed by hand (specification 11).

Unless a case changes them, goods are 100.00 and 20.00 tax, shipping is 10.00 and 2.00 tax: 132.00 were paid, of which
100.00 are goods. A refund of 33.00 is a quarter of that, 25.00 of the goods.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.shops.connectors.stripe.payloads import (
    DAY,
    Event,
    build_event,
    cancel,
    change_refund,
    complete,
    dispute,
    format_time,
    load,
    pay,
    refund,
    settle,
)

IGNORED = "ignored"
UNPAID: dict[str, Any] = {"payment_status": "unpaid"}
FREE: dict[str, Any] = {
    "amount_total": 0,
    "payment_intent": None,
    "payment_status": "no_payment_required",
    "shipping_cost": None,
    "total_details": {"amount_discount": 10000, "amount_shipping": 0, "amount_tax": 0},
}
BEFORE_BASIL = "2024-06-20"


@dataclass(frozen=True)
class Case:
    """`events` in order of arrival become one line with `amount` and `refunded`, or no snapshot."""

    name: str
    events: list[Event]
    amount: str = "100.00"
    refunded: str = "0.00"
    status: str = "completed"
    # Other fields of the snapshot, and the connection's.
    also: dict[str, Any] = field(default_factory=dict)
    connection: dict[str, Any] = field(default_factory=dict)
    # Parts of sentences in the order's notes.
    notes: tuple[str, ...] = ()
    # Whether an earlier snapshot of the order was sent.
    was_sent: bool = False


def totals(total: int, tax: int = 0, shipping: tuple[int, int] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a session's sums; `shipping` is its total and the tax in that."""
    cost = {"amount_total": shipping[0], "amount_tax": shipping[1]} if shipping else None
    return {"amount_total": total, "total_details": {"amount_tax": tax}, "shipping_cost": cost} | changes


def discount(promotion_code: str | None, coupon: str | None = "co_10") -> dict[str, Any]:
    return {"coupon": coupon, "promotion_code": promotion_code}


def currency(code: str, amount: int) -> list[Event]:
    return [complete(currency=code, **totals(amount))]


CASES = [
    # Amounts.
    Case("goods, shipping and tax", [complete()]),
    Case("tax is part of the prices", [complete(amount_subtotal=12000)]),
    Case("no tax and no shipping", [complete(**totals(4999))], "49.99"),
    Case("shipping without tax", [complete(**totals(5500, 0, (500, 0)))], "50.00"),
    Case(
        "shipping in the totals only, as older versions of the API send it",
        [complete(amount_total=5500, shipping_cost=None, total_details={"amount_shipping": 500, "amount_tax": 0})],
        "50.00",
    ),
    Case(
        "shipping without a word about tax",
        [complete(amount_total=5500, shipping_cost={"amount_total": 500}, total_details=None)],
        "50.00",
    ),
    Case("no details of the total", [complete(amount_total=4999, shipping_cost=None, total_details=None)], "49.99"),
    # Goods of 90.00 and 18.00 tax after a discount of 10 %.
    Case("discount", [complete(**totals(10800, 1800))], "90.00"),
    Case("a cent", [complete(**totals(1))], "0.01"),
    # Coupons.
    Case(
        "promotion code in the connection's table",
        [complete(**totals(10800, 1800, discounts=[discount("promo_1Ann")]))],
        "90.00",
        also={"coupons": ["ANN10"]},
        connection={"options": {"promotion_codes": {"promo_1Ann": "ANN10"}}},
    ),
    Case(
        "promotion code that is not in the table",
        [complete(**totals(10800, 1800, discounts=[discount("promo_1Bob")]))],
        "90.00",
        also={"coupons": []},
        connection={"options": {"promotion_codes": {"promo_1Ann": "ANN10"}}},
        notes=("promo_1Bob",),
    ),
    Case(
        "discount by the shop without a code",
        [complete(**totals(10800, 1800, discounts=[discount(None)]))],
        "90.00",
        also={"coupons": []},
    ),
    Case(
        "two promotion codes",
        [complete(discounts=[discount("promo_1Bob"), discount("promo_1Ann")])],
        also={"coupons": ["BOB", "ANN10"]},
        connection={"options": {"promotion_codes": {"promo_1Ann": "ANN10", "promo_1Bob": "BOB"}}},
    ),
    Case("discount of the whole price, nothing to pay", [complete(**FREE)], "0.00"),
    # Click ids.
    Case("client reference", [complete(client_reference_id="click")], also={"click_id": "click"}),
    Case("metadata", [complete(metadata={"click_id": "click"})], also={"click_id": "click"}),
    Case(
        "metadata under another key, and the shop's own reference",
        [complete(client_reference_id="cart-7", metadata={"ref": "click", "click_id": "other"})],
        also={"click_id": "click"},
        connection={"options": {"click_id_metadata": "ref"}},
    ),
    Case(
        "metadata of the payment, which arrives later",
        [complete(), pay(1, metadata={"click_id": "click"})],
        also={"click_id": "click"},
    ),
    Case(
        "click id that a later event lacks",
        [
            complete(client_reference_id="click", **UNPAID),
            settle("succeeded", DAY),
        ],
        also={"click_id": "click"},
    ),
    Case(
        "click ids that change, the first is kept",
        [complete(client_reference_id="first", **UNPAID), settle("succeeded", DAY, client_reference_id="second")],
        also={"click_id": "first"},
    ),
    Case(
        "metadata that changes, the first is kept",
        [complete(metadata={"click_id": "first"}, **UNPAID), settle("succeeded", DAY, metadata={"click_id": "second"})],
        also={"click_id": "first"},
    ),
    Case(
        "metadata that is empty at first",
        [complete(metadata={"click_id": ""}, **UNPAID), settle("succeeded", DAY, metadata={"click_id": "click"})],
        also={"click_id": "click"},
    ),
    Case("no click", [complete()], also={"click_id": None}),
    # Payment.
    Case("session and payment in the wrong order", [pay(), complete()], also={"placed_at": format_time(0)}),
    Case("debit that is not paid yet", [complete(**UNPAID)], status=IGNORED),
    Case(
        "debit that is paid after three days",
        [complete(**UNPAID), settle("succeeded", 3 * DAY)],
        also={"placed_at": format_time(0), "completed_at": format_time(3 * DAY)},
    ),
    Case(
        "debit whose events arrive in the wrong order",
        [settle("succeeded", 3 * DAY), complete(**UNPAID)],
        also={"placed_at": format_time(0), "completed_at": format_time(3 * DAY)},
    ),
    Case(
        "debit that is paid within the same second",
        [settle("succeeded", 0), complete(**UNPAID)],
        also={"completed_at": format_time(0)},
    ),
    Case("debit without the checkout's first event", [settle("succeeded", DAY)], status=IGNORED),
    Case("debit that fails", [complete(**UNPAID), settle("failed", DAY)], status=IGNORED),
    Case("payment without a checkout", [pay()], status=IGNORED),
    Case(
        "payment that is captured later",
        [complete(**UNPAID), pay(2 * DAY)],
        also={"completed_at": format_time(2 * DAY)},
    ),
    # Half of what was authorized: 66.00 with 50.00 of goods.
    Case("payment that is captured in part", [complete(**UNPAID), pay(DAY, amount_received=6600)], "50.00"),
    Case(
        "refund after a part was captured",
        [complete(**UNPAID), pay(DAY, amount_received=6600), refund(3300, 2 * DAY, amount_captured=6600)],
        "50.00",
        "25.00",
    ),
    Case(
        "part was captured and the rest appears as a refund, as older versions of the API send it",
        [complete(**UNPAID), pay(DAY, amount_received=6600), refund(6600, DAY, BEFORE_BASIL, amount_captured=6600)],
        "50.00",
    ),
    Case(
        "refund after a part was captured, as older versions of the API send it",
        [complete(**UNPAID), pay(DAY, amount_received=6600), refund(9900, DAY, BEFORE_BASIL, amount_captured=6600)],
        "50.00",
        "25.00",
    ),
    Case(
        "refund after a part was captured, of an unknown version of the API",
        [complete(**UNPAID), pay(DAY, amount_received=6600), refund(3300, DAY, "", amount_captured=6600)],
        "50.00",
        "25.00",
    ),
    Case(
        "payment of which two events tell, the earlier counts",
        [complete(**UNPAID), settle("succeeded", 3 * DAY), pay(2 * DAY)],
        also={"completed_at": format_time(2 * DAY)},
    ),
    Case("payment that is canceled before it is captured", [complete(**UNPAID), cancel(DAY)], status=IGNORED),
    Case(
        "payment that is canceled after the checkout said it was paid",
        [complete(), cancel(DAY)],
        status="cancelled",
        also={"completed_at": None},
        was_sent=True,
    ),
    Case("canceled payment of which nothing was sent", [cancel(DAY), complete()], status=IGNORED),
    Case(
        "payment that is canceled, as older versions of the API send it",
        [complete(), refund(13200, DAY, BEFORE_BASIL, amount_captured=0)],
        refunded="100.00",
    ),
    # Refunds.
    Case("refund of a part", [complete(), refund(3300)], refunded="25.00", notes=("in proportion",)),
    Case("two refunds, cumulated", [complete(), refund(3300), refund(6600, 2 * DAY)], refunded="50.00"),
    Case("two refunds, the newer first", [complete(), refund(6600, 2 * DAY), refund(3300)], refunded="50.00"),
    Case("two refunds within a second", [complete(), refund(10000), refund(900)], refunded="75.76"),
    Case("refund of all", [complete(), refund(13200)], refunded="100.00"),
    Case("refund before the checkout arrives", [refund(3300), complete()], refunded="25.00"),
    Case("refund that arrives twice", [complete(), refund(3300), refund(3300)], refunded="25.00"),
    Case("refund above the payment", [complete(), refund(14000)], refunded="100.00"),
    # 100.00 x 10.00 / 132.00 = 7.5757...
    Case("refund that has to be rounded", [complete(), refund(1000)], refunded="7.58"),
    # 0.33 x 0.01 / 0.66 = 0.005, half away from zero.
    Case("refund of half a cent of goods", [complete(**totals(66, 33)), refund(1, amount=66)], "0.33", "0.01"),
    Case("refund that fails", [complete(), refund(3300), change_refund("failed", 2 * DAY)]),
    Case("refund whose failure arrives first", [change_refund("failed", 2 * DAY), refund(3300), complete()]),
    Case("refund that fails within a second", [complete(), refund(3300), change_refund("failed", DAY)]),
    # The failed 33.00 are no longer in the sum of the second refund of 13.20, a tenth.
    Case(
        "refund after another one failed",
        [complete(), refund(3300), change_refund("failed", 2 * DAY), refund(1320, 3 * DAY)],
        refunded="10.00",
    ),
    Case(
        "refund before another one fails",
        [complete(), refund(3300), refund(4620, 2 * DAY), change_refund("failed", 3 * DAY)],
        refunded="10.00",
    ),
    Case(
        "refund that is canceled, by the older event",
        [complete(), refund(3300), change_refund("canceled", 2 * DAY, "charge.refund.updated")],
    ),
    Case(
        "refund of which only the newer event arrives",
        [
            complete(),
            change_refund("pending", DAY, "refund.created"),
            change_refund("succeeded", DAY, "refund.updated"),
        ],
        refunded="25.00",
    ),
    Case(
        "refund that needs details of the customer, and succeeds in the same second",
        [
            complete(),
            change_refund("succeeded", DAY, "refund.updated"),
            change_refund("requires_action", DAY, "refund.created"),
        ],
        refunded="25.00",
    ),
    Case(
        "refund that needs details of the customer",
        [complete(), change_refund("requires_action", DAY, "refund.created")],
    ),
    Case(
        "refund that fails in the second of its creation",
        [complete(), change_refund("pending", DAY, "refund.created"), change_refund("failed", DAY)],
    ),
    Case(
        "two refunds, each by its own event only",
        [
            complete(),
            change_refund("succeeded", DAY, "refund.created", id="re_1"),
            change_refund("succeeded", DAY, "refund.created", id="re_2"),
        ],
        refunded="50.00",
    ),
    # The second refund no longer includes the first; that the failure is reported again does not matter.
    Case(
        "failure that is reported twice, and a refund in between",
        [
            complete(),
            refund(3300),
            change_refund("failed", 2 * DAY),
            refund(1320, 3 * DAY),
            change_refund("failed", 4 * DAY, "charge.refund.updated"),
        ],
        refunded="10.00",
    ),
    # A quarter of 110.00 EUR.
    Case(
        "refund of a charge in another currency than the checkout",
        [complete(), refund(2750, amount=11000, amount_captured=11000, currency="eur")],
        refunded="25.00",
    ),
    # Disputes.
    Case("dispute that is open", [complete(), dispute("needs_response", topic="charge.dispute.created")]),
    Case("dispute that is won", [complete(), dispute("won")]),
    Case("inquiry that is closed", [complete(), dispute("warning_closed")]),
    Case("dispute that is lost", [complete(), dispute("lost")], refunded="100.00"),
    Case(
        "two disputes about a quarter each",
        [complete(), dispute("lost", amount=3300, id="du_1"), dispute("lost", amount=3300, id="du_2")],
        refunded="50.00",
    ),
    Case(
        "dispute about a half of a charge in another currency",
        [complete(), refund(0, amount=11000, currency="eur"), dispute("lost", amount=5500, currency="eur")],
        refunded="50.00",
    ),
    Case("dispute about a half that is lost", [complete(), dispute("lost", amount=6600)], refunded="50.00"),
    Case("dispute that is lost after a refund", [complete(), refund(3300), dispute("lost")], refunded="100.00"),
    Case(
        "dispute about the rest that is lost after a refund",
        [complete(), refund(3300), dispute("lost", amount=3300)],
        refunded="50.00",
    ),
    Case(
        "dispute in the currency of the customer",
        [complete(), dispute("lost", amount=11000, currency="eur")],
        refunded="100.00",
    ),
    Case(
        "dispute that opens and is lost in the same second",
        [complete(), dispute("lost"), dispute("needs_response", topic="charge.dispute.created")],
        refunded="100.00",
    ),
    Case(
        "dispute that is won in the end",
        [dispute("won", 20 * DAY, "charge.dispute.funds_reinstated"), complete(), dispute("lost")],
    ),
    # What is no order.
    Case("test event", [complete() | {"livemode": False}], status=IGNORED),
    Case("subscription", [complete(mode="subscription", payment_intent=None, subscription="sub_1")], status=IGNORED),
    Case("payment method that is saved", [complete(mode="setup", payment_intent=None)], status=IGNORED),
    Case("invoice", [build_event("invoice.paid", {"id": "in_1", "object": "invoice"})], status=IGNORED),
    Case("unknown event", [build_event("terminal.reader.action_failed", {"id": "tmr_1"})], status=IGNORED),
    Case("charge without a checkout", [refund(3300, payment_intent=None)], status=IGNORED),
    # Currencies.
    Case("currency with three decimals", currency("kwd", 5120), "5.12", also={"currency": "KWD"}),
    Case("currency without decimals", currency("jpy", 5000), "5000.00", also={"currency": "JPY"}),
    Case("currency without decimals that is sent with two", currency("isk", 50000), "500.00", also={"currency": "ISK"}),
    Case("another one", currency("ugx", 50000), "500.00", also={"currency": "UGX"}),
    Case("currency with two decimals that is paid out without", currency("huf", 10050), "100.50"),
    Case("currency with two decimals that is sent without", currency("mga", 500), "500.00", also={"currency": "MGA"}),
    Case(
        "currency that was shown to the customer",
        [complete(presentment_details={"presentment_amount": 18100, "presentment_currency": "cad"}), refund(3300)],
        refunded="25.00",
        also={"currency": "USD"},
    ),
    # Customers and completion.
    Case("guest without details", [complete(customer_details=None)], also={"customer": {"ref": None, "country": None}}),
    Case(
        "completed when it is paid",
        [complete()],
        also={"completed_at": format_time(0), "placed_at": format_time(0)},
    ),
    Case(
        "completed a week after it was paid",
        [complete()],
        also={"completed_at": format_time(7 * DAY)},
        connection={"completion": "days", "completion_days": 7},
    ),
    Case(
        "completed when the shop says so, which Stripe never does",
        [complete()],
        status="paid",
        also={"completed_at": None},
        connection={"completion": "fulfilled"},
        notes=("not when they are fulfilled",),
    ),
    Case(
        "the whole checkout is one line",
        [complete(line_items=None, object="checkout.session", metadata=load("session")["metadata"])],
        notes=("one line",),
    ),
]
