"""Payment, completion, amounts and clicks of Shopify's orders: see `situations`."""

from tests.shops.connectors.shopify.payloads import (
    Sent,
    add_line,
    build_order,
    build_taxed_order,
    change_line,
    discount,
)
from tests.shops.connectors.shopify.situations import GIFT_CARD, LATER, Case, create, update

CLICK = "click-of-the-cart"
PAID = "2026-01-12T12:00:02Z"
FULFILLED = {
    "fulfillment_status": "fulfilled",
    "fulfillments": [
        {"id": 71, "status": "success", "created_at": "2026-01-14T10:00:00-05:00"},
        {"id": 72, "status": "success", "created_at": "2026-01-15T10:00:00-05:00"},
        {"id": 73, "status": "cancelled", "created_at": "2026-01-16T10:00:00-05:00"},
    ],
}
PENDING = build_order(financial_status="pending")
CANCELLED = {"cancelled_at": "2026-01-13T09:00:00-05:00", "cancel_reason": "customer"}

PAYMENT = (
    Case("paid", [create(build_order())], fields={"status": "paid", "completed_at": None, "currency": "USD"}),
    Case("placed when it was created", [create(build_order())], fields={"placed_at": "2026-01-12T12:00:00Z"}),
    Case("pending", [create(PENDING)], ignored="pending"),
    Case("authorized", [create(build_order(financial_status="authorized"))], ignored="authorized"),
    Case("expired", [create(build_order(financial_status="expired"))], ignored="expired"),
    Case("without a financial status", [create(build_order(financial_status=None))], ignored="not paid"),
    Case("voided before it was paid", [create(build_order(financial_status="voided"))], ignored="voided"),
    Case(
        "voided after it was paid",
        [create(build_order()), update(build_order(), financial_status="voided")],
        fields={"status": "cancelled", "completed_at": None},
    ),
    Case("paid later", [create(PENDING), Sent("orders/paid", build_order(**LATER))], fields={"status": "paid"}),
    Case(
        "completed when paid, by the moment of orders/paid",
        [create(PENDING), Sent("orders/paid", build_order(**LATER), "2026-01-20T12:00:01.250000001Z")],
        fields={"status": "completed", "completed_at": "2026-01-20T12:00:01.250000Z"},
        completion="paid",
    ),
    Case(
        "the first moment at which it was paid is kept",
        [update(build_order()), create(build_order())],
        fields={"status": "completed", "completed_at": PAID},
        completion="paid",
    ),
    Case(
        "completed some days after it was paid",
        [create(build_order())],
        fields={"status": "completed", "completed_at": "2026-01-26T12:00:02Z"},
        completion="days",
    ),
    Case("paid in part, as after an edit", [create(build_order(financial_status="partially_paid"))]),
    Case("a test order", [create(build_order(test=True))], ignored="test"),
    Case("a renewal of a subscription", [create(build_order(source_name="subscription_contract"))], ignored="renewal"),
    Case("paid with a gift card", [create(build_order(payment_gateway_names=["gift_card"]))]),
)
COMPLETION = (
    Case(
        "fulfilled by several shipments",
        [create(build_order()), update(build_order(**FULFILLED))],
        fields={"status": "completed", "completed_at": "2026-01-15T15:00:00Z"},
    ),
    Case(
        "fulfilled without a shipment",
        [Sent("orders/fulfilled", build_order(fulfillment_status="fulfilled"), "2026-01-13T12:00:00.5Z")],
        fields={"status": "completed", "completed_at": "2026-01-13T12:00:00.500000Z"},
    ),
    Case("fulfilled in part", [create(build_order(fulfillment_status="partial"))], fields={"status": "paid"}),
    Case(
        "fulfilled and then not",
        [create(build_order(**FULFILLED)), update(build_order())],
        fields={"status": "paid", "completed_at": None},
    ),
    Case(
        "cancelled after it was paid",
        [create(build_order()), Sent("orders/cancelled", build_order(**LATER, **CANCELLED))],
        fields={"status": "cancelled", "completed_at": None},
    ),
    Case("cancelled before it was paid", [create(PENDING | CANCELLED)], ignored="cancelled"),
    Case(
        "cancelled, and it had been paid before the first event arrived",
        [Sent("orders/cancelled", build_order(**CANCELLED))],
        fields={"status": "cancelled"},
    ),
    Case(
        "deleted",
        [create(build_order()), Sent("orders/delete", {"id": 5500000000001}, "2026-01-20T12:00:00Z")],
        fields={"status": "cancelled", "completed_at": None},
    ),
    Case("deleted, and never seen", [Sent("orders/delete", {"id": 5500000000001})], ignored="not arrived"),
    Case(
        "deleted first, seen later",
        [Sent("orders/delete", {"id": 5500000000001}, "2026-01-20T12:00:00Z"), create(build_order())],
        fields={"status": "cancelled"},
    ),
)
AMOUNTS = (
    Case("prices with tax", [create(build_taxed_order())]),
    Case(
        "discount code",
        [create(discount(build_order(discount_codes=[{"code": "ANN10", "type": "percentage"}]), "8.00", "1.55"))],
        (("11", "72.00", "0.00"), ("12", "13.95", "0.00")),
        {"coupons": ["ANN10"]},
    ),
    Case(
        # 96.00 - 9.60 - 14.40 of tax; 18.60 - 1.86 - 2.79 of tax.
        "discount on prices with tax",
        [
            create(
                change_line(
                    change_line(discount(build_taxed_order(), "9.60", "1.86"), 0, tax_lines=[{"price": "14.40"}]),
                    1,
                    tax_lines=[{"price": "1.00"}, {"price": "1.79"}],
                )
            )
        ],
        (("11", "72.00", "0.00"), ("12", "13.95", "0.00")),
    ),
    Case(
        "automatic discount",
        [create(discount(build_order(), "10.00", "0.00"))],
        (("11", "70.00", "0.00"), ("12", "15.50", "0.00")),
        {"coupons": []},
    ),
    Case(
        "free shipping by a code, and a second code",
        [create(build_order(discount_codes=[{"code": "FREESHIP", "type": "shipping"}, {"code": "ANN10"}]))],
        fields={"coupons": ["FREESHIP", "ANN10"]},
    ),
    Case("a code that no affiliate can have", [create(build_order(discount_codes=[{"code": "X" * 65}]))]),
    Case(
        "discount of everything",
        [create(discount(build_order(), "80.00", "15.50"))],
        (("11", "0.00", "0.00"), ("12", "0.00", "0.00")),
    ),
    Case(
        "several discounts on a line",
        [create(change_line(build_order(), 0, discount_allocations=[{"amount": "8.00"}, {"amount": "0.50"}]))],
        (("11", "71.50", "0.00"), ("12", "15.50", "0.00")),
    ),
    Case("price as a number", [create(change_line(build_order(), 0, price=40.0))]),
    Case(
        "amounts without decimals",
        [create(change_line(build_order(), 0, price="1500"))],
        (("11", "3000.00", "0.00"), ("12", "15.50", "0.00")),
    ),
    Case(
        # 2 x 12.3475 = 24.695, half away from zero.
        "amounts with more decimals",
        [create(change_line(build_order(), 0, price="12.3475"))],
        (("11", "24.70", "0.00"), ("12", "15.50", "0.00")),
    ),
    Case(
        "a customer who pays in another currency",
        [
            create(
                change_line(
                    build_order(presentment_currency="CAD"),
                    0,
                    price_set={
                        "shop_money": {"amount": "40.00", "currency_code": "USD"},
                        "presentment_money": {"amount": "54.80", "currency_code": "CAD"},
                    },
                )
            )
        ],
        fields={"currency": "USD"},
    ),
    Case("a gift card is bought with it", [create(add_line(build_order(), **GIFT_CARD))]),
    Case("only a gift card is bought", [create(build_order(line_items=[GIFT_CARD | {"id": 13}]))], ignored="no goods"),
    Case("with a tip", [create(add_line(build_order(), title="Tip", tip_payment_gateway="shopify_payments"))]),
    Case(
        "a custom line without a product",
        [create(change_line(build_order(), 1, product_id=None, variant_id=None, sku=None))],
    ),
    Case("a customer of the point of sale", [create(build_order(customer=None))], fields={"customer": {"ref": None}}),
    Case(
        "the country of the shipping address",
        [create(build_order())],
        fields={"customer": {"ref": "7700000000001", "country": "CA"}},
    ),
    Case(
        "no shipping address",
        [create(build_order(shipping_address=None))],
        fields={"customer": {"ref": "7700000000001", "country": "US"}},
    ),
    Case(
        "personal fields blanked by the plan",
        [create(build_order(customer={}, shipping_address=None, billing_address={}))],
        fields={"customer": {"ref": None, "country": None}},
    ),
)
CLICKS = (
    Case(
        "cart attribute",
        [create(build_order(note_attributes=[{"name": "gift", "value": "no"}, {"name": "click_id", "value": CLICK}]))],
        fields={"click_id": CLICK},
    ),
    Case(
        "property of a line",
        [create(change_line(build_order(), 1, properties=[{"name": "_click_id", "value": CLICK}]))],
        fields={"click_id": CLICK},
    ),
    Case(
        "landing address",
        [create(build_order(landing_site=f"/products/shirt?utm_source=ann&click_id={CLICK}"))],
        fields={"click_id": CLICK},
    ),
    Case("no click", [create(build_order(landing_site="/wallets/checkouts.json"))], fields={"click_id": None}),
    Case(
        "the cart attribute before the landing address",
        [
            create(
                build_order(
                    landing_site="/?click_id=older", note_attributes=[{"name": "click_id", "value": f" {CLICK} "}]
                )
            )
        ],
        fields={"click_id": CLICK},
    ),
    Case(
        "a later event without it",
        [create(build_order(note_attributes=[{"name": "click_id", "value": CLICK}])), update(build_order())],
        fields={"click_id": CLICK},
    ),
)
CASES = (*PAYMENT, *COMPLETION, *AMOUNTS, *CLICKS)
