"""From WooCommerce's deliveries to orders and commissions, whatever their order and however often (specification 11)."""

import pytest

from payouts.models import Commission
from shops.connectors import folding, inbox
from shops.models import Reject, ShopEvent
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.connectors.woocommerce.api_shop import make_connection
from tests.shops.connectors.woocommerce.history import COUPON
from tests.shops.connectors.woocommerce.payloads import (
    PRODUCT,
    at_second,
    build_delivery,
    build_order,
    build_refunds,
)
from tracking.models import Order, OrderLine

LINE = build_order()["line_items"][0]


@pytest.fixture
def connection(db, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    return make_connection()


def send(connection, content, *, topic="order.updated", at=NOW):
    delivery = build_delivery(content, topic=topic, at=at)
    return inbox.receive(connection=connection, delivery=delivery, now=at)


def send_and_fold(connection, *contents, **details):
    for content in contents:
        send(connection, content, **details)
    folding.process_events(now=NOW)


def list_outcomes():
    return list(ShopEvent.objects.order_by("id").values_list("state", "outcome", "field"))


def test_order_with_coupon_earns_commission_until_it_is_refunded(connection):
    send_and_fold(connection, build_order(coupon_lines=COUPON))
    # The rate for everything else is 3 %: of 40.00 and of 60.00.
    assert list_commissions() == {"11": "1.20", "12": "1.80"}
    half = build_order(coupon_lines=COUPON, date_modified_gmt=at_second(60), refunds=build_refunds("-66.00"))
    send_and_fold(connection, half)
    # Half of 132.00 is half of each line.
    assert list_commissions() == {"11": "0.60", "12": "0.90"}
    send_and_fold(connection, {"id": 727}, topic="order.deleted")
    assert list_commissions() == {"11": "0.00", "12": "0.00"}
    connection.refresh_from_db()
    assert sorted(connection.milestones) == ["attributed", "event", "order", "refund"]


def list_commissions():
    return {row.line.line_id: str(row.amount) for row in Commission.objects.select_related("line")}


def test_same_number_in_two_shops_is_two_orders(connection):
    other = make_connection("other")
    send_and_fold(connection, build_order(coupon_lines=COUPON))
    send_and_fold(other, build_order(coupon_lines=COUPON, lines={0: {"total": "1.00"}}))
    assert sorted(Order.objects.values_list("order_id", flat=True)) == ["other-727", "shop-727"]
    assert OrderLine.objects.count() == 4


def test_order_of_a_thousand_lines_is_accepted_and_one_more_is_not(connection):
    lines = [LINE | {"id": number, "name": "x" * 2_000, "sku": "y" * 500} for number in range(1, 1_002)]
    send_and_fold(connection, build_order(line_items=lines[:1_000]), build_order(id=728, line_items=lines))
    assert list_outcomes() == [("done", "created", ""), ("refused", "rejected", "lines")]
    assert OrderLine.objects.count() == 1_000


def test_category_of_any_length_is_stored(connection):
    product = PRODUCT | {"categories": [{"id": 1, "name": "c" * 300}, {"id": 2, "name": "d" * 3_000}], "tags": []}
    send_and_fold(connection, product, topic="product.updated")
    send_and_fold(connection, build_order())
    [stored] = connection.products.all()
    assert [len(name) for name in stored.categories] == [300, 300]
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "topic", "outcome"),
    [
        (build_order(line_items=[]), "order.updated", ("refused", "rejected", "line_items")),
        (build_order(currency="XXX"), "order.updated", ("refused", "rejected", "currency")),
        (build_order(currency=None), "order.updated", ("refused", "rejected", "currency")),
        (build_order(refunds=[{"id": 1, "total": "9.99"}]), "order.updated", ("refused", "rejected", "refunds[0].total")),
        (build_order(lines={0: {"total": "1000000.01"}}), "order.updated", ("refused", "rejected", "lines[0].amount")),
        (build_order(date_created_gmt="2027-01-01T00:00:00"), "order.updated", ("refused", "rejected", "placed_at")),
        (build_order(date_created_gmt="0001-01-01T00:00:00"), "order.updated", ("refused", "rejected", "placed_at")),
        (build_order(line_items=[LINE, LINE]), "order.updated", ("refused", "rejected", "lines[1].line_id")),
        (build_order(), "order.exploded", ("ignored", "ignored", "")),
        (build_order(parent_id=3), "order.updated", ("ignored", "ignored", "")),
        (build_order(status="pending"), "order.updated", ("done", "kept", "")),
        ({"code": "x", "message": "y"}, "order.updated", ("refused", "rejected", "code")),
        ({"id": 5}, "order.deleted", ("done", "kept", "")),
        (b"no JSON", "order.updated", ("refused", "rejected", "body")),
        (b"[" * 100_000, "order.updated", ("refused", "rejected", "body")),
        (b"", "order.updated", ("refused", "rejected", "body")),
    ],
)  # fmt: skip
def test_signed_event_is_stored_whatever_it_holds(connection, content, topic, outcome):
    assert send(connection, content, topic=topic).answer == "stored"
    folding.process_events(now=NOW)
    assert list_outcomes() == [outcome]
    assert Reject.objects.count() == (outcome[0] == "refused")
    assert not Order.objects.exists()


def test_text_that_cannot_be_stored_as_it_is_does_no_harm(connection):
    content = build_order(
        lines={0: {"name": "a\0b\ud800 &#0; &#xD800;", "sku": "\0"}}, billing={"country": "\ud800", "email": "\0"}
    )
    send_and_fold(connection, content)
    assert list_outcomes() == [("done", "created", "")]


def test_large_body_and_wrong_signature_are_answered(connection, client):
    url = f"/hooks/{connection.pk}"

    def post(body, **changed):
        headers = {**build_delivery(body).headers, **changed}
        del headers["content-type"]
        return client.post(url, body, content_type="application/json", headers=headers)

    body = b'{"id":727,"x":"' + b"y" * (10 * 1024 * 1024) + b'"}'
    assert [post(body).status_code for _ in range(2)] == [200, 200]
    assert post(b"{}", **{"x-wc-webhook-signature": "wrong"}).status_code == 401
    assert post(b"x" * (16 * 1024 * 1024 + 1)).status_code == 413
    ping = client.post(url, b"webhook_id=7", content_type="application/x-www-form-urlencoded")
    assert (ping.status_code, ping.content) == (200, b"pong")
    assert ShopEvent.objects.get().repeats == 1
