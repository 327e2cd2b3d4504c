"""Shopify's topics, products and bad input: each event has its answer (specification 11)."""

import json
from dataclasses import replace

import pytest

from shops.connectors.base import Ignored, OrderParts, Product, StoredEvent
from shops.connectors.event_bodies import parse_body
from shops.models import Connection
from tests.shops.connectors.shopify.folded import SHOPIFY, build, fold, read
from tests.shops.connectors.shopify.payloads import (
    RECEIVED,
    Sent,
    build_delivery,
    build_order,
    build_refund,
    change_line,
    load,
    refund_lines,
)
from tests.shops.connectors.shopify.situations import create, update
from tracking.orders.snapshot_fields import Rejected

HUGE = 10 * 1024 * 1024


@pytest.mark.parametrize("name", ["create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled"])
def test_order_topics_hold_the_order(name):
    found = read(Sent(f"orders/{name}", build_order()))
    assert isinstance(found, OrderParts)
    assert (found.order_key, [part.name for part in found.parts]) == ("5500000000001", ["order", "paid"])


@pytest.mark.parametrize(
    "topic", ["", "carts/update", "products/delete", "customers/redact", "orders/unknown", "x" * 300]
)
def test_other_topics_are_ignored(topic):
    with pytest.raises(Ignored, match="is not needed"):
        read(Sent(topic, build_order()))


@pytest.mark.parametrize("content", [build_order(), {}, []])
def test_test_notification_is_ignored(content):
    delivery = build_delivery(Sent("refunds/create", content))
    headers = {**delivery.headers, "x-shopify-test": "true"}
    name = SHOPIFY.name_event(replace(delivery, headers=headers), {})
    with pytest.raises(Ignored, match="a test notification"):
        SHOPIFY.read_event(StoredEvent(name.topic, name.triggered_at, RECEIVED, content), {})


def test_renewal_is_ignored_by_name():
    with pytest.raises(Ignored, match="a renewal of a subscription"):
        read(create(build_order(source_name="subscription_contract")))
    assert read(create(build_order(source_name="subscription_contract_checkout_one"))).order_key


def test_product_has_type_category_vendor_and_tags():
    found = read(Sent("products/update", load("product"), "2026-01-02T12:00:00.5Z"))
    assert isinstance(found, Product)
    assert (found.product_key, found.title) == ("901", "Linen shirt")
    assert found.categories == [
        "Shirts",
        "Shirts & Tops",
        "Apparel & Accessories > Clothing > Clothing Tops > Shirts & Tops",
        "Field & Loom",
        "linen",
        "Summer 2026",
    ]


def test_newer_product_has_a_higher_version():
    old, new = (load("product") | {"updated_at": f"2026-01-02T07:00:0{second}-05:00"} for second in (0, 1))
    assert (
        read(Sent("products/update", old, "2026-01-03T00:00:00Z")).version < read(Sent("products/create", new)).version
    )


@pytest.mark.parametrize(
    ("changes", "categories"),
    [
        ({"product_type": "", "category": None, "tags": "", "vendor": None}, []),
        ({"product_type": "A" * 300, "category": None, "tags": [], "vendor": ""}, ["A" * 300]),
        ({"product_type": "Mugs", "category": {}, "tags": " mugs , Mugs,,", "vendor": "Mugs"}, ["Mugs", "mugs"]),
        ({"product_type": None, "category": None, "tags": ["one", "two"], "vendor": None}, ["one", "two"]),
    ],
)
def test_product_may_lack_fields(changes, categories):
    assert read(Sent("products/create", load("product") | changes)).categories == categories


BAD_ORDERS = [
    ({"id": None}, "id"),
    ({"id": "#1001"}, "id"),
    ({"id": True}, "id"),
    ({"id": 1.5}, "id"),
    ({"line_items": []}, "line_items"),
    ({"line_items": None}, "line_items"),
    ({"line_items": {}}, "line_items"),
    ({"line_items": [7]}, "line_items[0]"),
    ({"currency": None}, "currency"),
    ({"created_at": None}, "created_at"),
    ({"created_at": "2026-01-12 07:00"}, "created_at"),
    ({"updated_at": "soon"}, "updated_at"),
    ({"customer": "Pat"}, "customer"),
    ({"shipping_address": [1]}, "shipping_address"),
    ({"fulfillments": [{"status": "success", "created_at": "x"}]}, "fulfillments[0].created_at"),
    ({"discount_codes": "ANN10"}, "discount_codes"),
    ({"refunds": [{"id": None}]}, "refunds[0].id"),
    ({"refunds": ["x"]}, "refunds[0]"),
    ({"shipping_lines": [{"price": "free"}]}, "shipping_lines[0].price"),
]


@pytest.mark.parametrize(("changes", "field"), BAD_ORDERS)
def test_bad_order_is_rejected_with_its_field(changes, field):
    with pytest.raises(Rejected) as refusal:
        read(create(build_order(**changes)))
    assert refusal.value.field == field
    assert refusal.value.message


BAD_LINES = [
    ({"price": None}, "price"),
    ({"price": "-40.00"}, "price"),
    ({"price": "1e3"}, "price"),
    ({"price": "40,00"}, "price"),
    ({"price": "NaN"}, "price"),
    ({"price": "4" * 40}, "price"),
    ({"price": "\u0661"}, "price"),
    ({"quantity": None}, "quantity"),
    ({"quantity": 2.5}, "quantity"),
    ({"quantity": -1}, "quantity"),
    ({"quantity": "2"}, "quantity"),
    ({"current_quantity": -1}, "current_quantity"),
    ({"id": None}, "id"),
    ({"product_id": "abc"}, "product_id"),
    ({"tax_lines": [{"price": "x"}]}, "tax_lines[0].price"),
    ({"discount_allocations": [{"amount": "-1.00"}]}, "discount_allocations[0].amount"),
]


@pytest.mark.parametrize(("changes", "field"), BAD_LINES)
def test_bad_line_is_rejected_with_its_field(changes, field):
    with pytest.raises(Rejected) as refusal:
        read(create(change_line(build_order(), 0, **changes)))
    assert refusal.value.field == f"line_items[0].{field}"


BAD_REFUNDS = [
    ({"order_id": None}, "order_id"),
    ({"id": None}, "id"),
    ({"created_at": "x"}, "created_at"),
    ({"refund_line_items": refund_lines((11, -1, 40.0, 4.0))}, "refund_line_items[0].quantity"),
    ({"refund_line_items": refund_lines((11, 1, -40.0, 4.0))}, "refund_line_items[0].subtotal"),
    ({"refund_line_items": [{"quantity": 1}]}, "refund_line_items[0].line_item_id"),
    ({"order_adjustments": [{"amount": "x"}]}, "order_adjustments[0].amount"),
    ({"refund_line_items": [], "transactions": [{"kind": "refund", "amount": "-5.00"}]}, "transactions[0].amount"),
    ({"refund_shipping_lines": [{"subtotal_amount_set": 1}]}, "refund_shipping_lines[0].subtotal_amount_set"),
]


@pytest.mark.parametrize(("changes", "field"), BAD_REFUNDS)
def test_bad_refund_is_rejected_with_its_field(changes, field):
    refund = build_refund(**changes)
    with pytest.raises(Rejected) as refusal:
        read(Sent("refunds/create", refund))
    assert refusal.value.field == field
    if field not in ("order_id", "created_at"):  # an order says them itself
        with pytest.raises(Rejected) as refusal:
            read(update(build_order(), build_refund(id=1), refund))
        assert refusal.value.field == f"refunds[1].{field}"


@pytest.mark.parametrize("content", [None, [], "order", 7, {"order_edit": None}])
@pytest.mark.parametrize(
    "topic", ["orders/create", "orders/delete", "orders/edited", "refunds/create", "products/update"]
)
def test_body_that_is_no_object_of_its_topic_is_rejected(topic, content):
    with pytest.raises(Rejected):
        read(Sent(topic, content))


def test_large_order_is_read():
    order = build_order(note="x" * HUGE)
    line = order["line_items"][1]
    order["line_items"] = [line | {"id": number} for number in range(1, 1_001)]
    state = fold([create(order)])
    lines = SHOPIFY.build_order(state, Connection(), was_sent=False, now=RECEIVED).row["lines"]
    assert (len(lines), {line["amount"] for line in lines}) == (1_000, {"15.50"})
    assert len(str(state)) < HUGE / 10


@pytest.mark.parametrize("value", [None, "", "x" * 5_000, 7, ["a"], {"a": 1}])
def test_attribute_that_is_no_click_id_is_passed_over(value):
    attributes = [{"name": "click_id", "value": value}]
    order = build_order(note_attributes=attributes, landing_site="/?click_id=from-landing")
    assert build([create(order)]).row["click_id"] == "from-landing"


def test_coupons_that_no_affiliate_can_have_are_passed_over():
    codes = [{"code": code} for code in ("", " ", None, "x" * 65, "a\u0000b", " ANN10 ", "ANN10", "ann")]
    assert build([create(build_order(discount_codes=codes))]).row["coupons"] == ["ab", "ANN10", "ann"]


@pytest.mark.parametrize(
    ("landing_site", "click_id"),
    [
        ("http://[?click_id=abc", "abc"),
        ("//[/", None),
        ("/?click_id=a%00b", "ab"),
        ("/?click_id=abc#top", "abc"),
        ("/?click_id=old&click_id=new", "new"),
        ("/?click_id", None),
        (7, None),
        ("/?" + "a=b&" * 2_000 + "click_id=abc", "abc"),
    ],
)
def test_any_landing_address_is_read(landing_site, click_id):
    assert build([create(build_order(landing_site=landing_site))]).row["click_id"] == click_id


@pytest.mark.parametrize("price", ["1e99999999", "1e2", "0.1e-99999999"])
def test_number_with_an_exponent_is_rejected(price):
    body = json.dumps(build_order()).replace('"40.00"', price).encode()
    event = StoredEvent("orders/create", "", RECEIVED, parse_body(body))
    with pytest.raises(Rejected, match=r"line_items\[0\].price: must be an amount"):
        SHOPIFY.read_event(event, {})


@pytest.mark.parametrize(
    "moment", ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1969-12-31T00:00:00Z", "2026-02-30T00:00:00Z"]
)
def test_impossible_moment_is_passed_over(moment):
    paid = Sent("orders/paid", build_order(), moment)
    assert build([paid], completion="paid").row["completed_at"] == "2026-01-12T12:00:02Z"


def test_order_that_is_sent_again_as_its_deletion_is_rejected():
    # The topic is in a header, which is not signed.
    with pytest.raises(Rejected, match="line_items"):
        read(Sent("orders/delete", build_order()))
