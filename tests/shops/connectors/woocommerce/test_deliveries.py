"""Deliveries of WooCommerce: signatures, pings, names and events that are no orders (specification 11)."""

import shutil
import subprocess
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from shops.connectors.base import Delivery, Ignored, InvalidSignature, Product, StoredEvent
from shops.connectors.event_bodies import parse_body
from shops.connectors.woocommerce.connector import WooCommerce
from tests.scenarios import NOW
from tests.shops.connectors.woocommerce.payloads import PRODUCT, SECRET, build_delivery, build_order, encode, sign
from tracking.orders.snapshot_fields import Rejected

WOOCOMMERCE = WooCommerce()
# Computed with `openssl dgst -sha256 -hmac SECRET -binary | base64`.
VECTORS = [
    (b"{}", "FX25+UY/PZ/VmV60ZJ6GKdkX7G4p/zX6fNIfR71yiLo="),
    (b'{"id":727,"name":"Caf\\u00e9 \\/ cup"}', "fVTzL0DM1baJhN7qTGph2WyvKx4ViQ9sybj9Fl/BMOU="),
    (b"\x00\xff", "GuJ7w80to34hmJCTB2OVCU63GT8+lpO69bYZ5dEwl7g="),
]
PHP = shutil.which("php")


def check(delivery, *secrets):
    WOOCOMMERCE.check_signature(delivery, secrets or [SECRET], {})


def read(topic, content):
    return WOOCOMMERCE.read_event(StoredEvent(topic, "", NOW, content), {})


@pytest.mark.parametrize(("body", "signature"), VECTORS)
def test_fixed_vectors_are_accepted(body, signature):
    check(build_delivery(body, **{"x-wc-webhook-signature": signature}))


@pytest.mark.skipif(PHP is None, reason="php is not installed (Debian: php-cli)")
@pytest.mark.parametrize("body", [body for body, _signature in VECTORS] + [encode(build_order())])
def test_signature_is_that_of_the_shops_own_expression(body):
    code = "echo base64_encode(hash_hmac('sha256', stream_get_contents(STDIN), $argv[1], true));"
    found = subprocess.run([str(PHP), "-r", code, SECRET], input=body, capture_output=True, check=True)
    check(build_delivery(body, **{"x-wc-webhook-signature": found.stdout.decode()}))


@pytest.mark.parametrize(
    "signature", ["", "x", sign(b"{}"), sign(encode(build_order()), "another"), "\u00e9" * 44, "=" * 5_000]
)
def test_wrong_signature_is_refused(signature):
    with pytest.raises(InvalidSignature):
        check(build_delivery(build_order(), **{"x-wc-webhook-signature": signature}))


def test_missing_signature_and_changed_byte_are_refused():
    sent = build_delivery(build_order())
    unsigned = {name: value for name, value in sent.headers.items() if name != "x-wc-webhook-signature"}
    for delivery in (Delivery(unsigned, sent.body, NOW), Delivery(sent.headers, sent.body + b" ", NOW)):
        with pytest.raises(InvalidSignature):
            check(delivery)


def test_either_secret_is_accepted():
    check(build_delivery(build_order()), "a" * 32, SECRET)
    check(build_delivery(build_order(), secret="a" * 32), "a" * 32, SECRET)


@pytest.mark.parametrize("secret", ["", "   ", "short", "with space in it all", "a&b<c'd\"efghijklm", "\u00e9" * 20])
def test_secret_that_the_shop_may_change_is_refused(secret):
    with pytest.raises(ValidationError):
        WOOCOMMERCE.check_secret(secret)
    WOOCOMMERCE.check_secret(SECRET)


def test_ping_is_answered():
    assert WOOCOMMERCE.get_ping_answer(Delivery({"user-agent": "WooCommerce"}, b"webhook_id=7", NOW)) == "pong"
    for body in (b"webhook_id=", b"webhook_id=7&x=1", b"{}", b""):
        assert WOOCOMMERCE.get_ping_answer(Delivery({}, body, NOW)) is None
    assert WOOCOMMERCE.get_ping_answer(build_delivery(b"webhook_id=7")) is None


def test_two_orders_of_one_second_are_two_deliveries():
    first, second = build_delivery(build_order()), build_delivery(build_order(id=728))
    assert first.headers["x-wc-webhook-delivery-id"] == second.headers["x-wc-webhook-delivery-id"]
    names = [WOOCOMMERCE.name_event(delivery, {}) for delivery in (first, second, build_delivery(build_order()))]
    assert names[0] == names[2] != names[1]
    assert names[0].topic == "order.updated"
    assert WOOCOMMERCE.name_event(Delivery({}, b"", NOW), {}).topic == ""


def test_product_has_its_categories_then_its_tags():
    found = read("product.updated", PRODUCT)
    assert isinstance(found, Product)
    assert (found.product_key, found.title) == ("93", "Caf\u00e9 cup")
    assert found.categories == ["Kitchen & table", "Cups", "New"]


def test_newer_product_wins_and_of_one_second_the_later_arrival():
    later = StoredEvent("product.updated", "", NOW + timedelta(microseconds=1), PRODUCT)
    newer = PRODUCT | {"date_modified_gmt": "2026-01-10T08:00:01"}
    found = [read("product.updated", PRODUCT), WOOCOMMERCE.read_event(later, {}), read("product.updated", newer)]
    versions = [product.version for product in found if isinstance(product, Product)]
    assert versions == sorted(set(versions))
    assert len(versions) == 3


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}}, "code"),
        ({"order": {"id": 727, "order_number": 727}}, "order"),
        ([], "body"),
        ("text", "body"),
        (None, "body"),
        ({}, "id"),
        ({"id": None}, "id"),
    ],
)
@pytest.mark.parametrize("topic", ["order.updated", "product.updated", "order.deleted"])
def test_signed_body_that_is_no_order_is_refused_by_field(topic, content, field):
    with pytest.raises(Rejected) as refusal:
        read(topic, content)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("code", "hint"),
    [("woocommerce_rest_cannot_view", "may read orders"), ("woocommerce_rest_shop_order_invalid_id", "was deleted")],
)
def test_error_that_the_shop_signed_says_what_to_do(code, hint):
    with pytest.raises(Rejected, match=f"{code}.*{hint}"):
        read("order.updated", {"code": code, "message": "Sorry", "data": {"status": 401}})


@pytest.mark.parametrize("topic", ["", "coupon.updated", "customer.created", "action.woocommerce_x", "order.exploded"])
def test_topic_of_no_use_is_ignored(topic):
    with pytest.raises(Ignored):
        read(topic, build_order())


def test_body_is_read_as_php_writes_it():
    body = encode(build_order())
    assert b"\\/" in body
    assert b"\\u00e9" in body
    assert read("order.updated", parse_body(body)).order_key == "727"
