"""From Shopify's deliveries to orders and commissions, in any order and however often they arrive (specification 11)."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from payouts.models import Commission
from shops.connectors import folding, inbox, secrets
from shops.connectors.base import InvalidSignature
from shops.models import CategoryMapping, Reject, ShopEvent, ShopOrderLine
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.connectors.shopify.history import CODE, SHIPPED, connect
from tests.shops.connectors.shopify.payloads import (
    Sent,
    build_delivery,
    build_order,
    build_refund,
    change_line,
    discount,
    load,
)
from tracking.models import Order, OrderLine, OrderSnapshot


@pytest.fixture
def connection(db, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    return connect("shop")


def send(connection, *events, webhook_id="", fold=True):
    for sent in events:
        delivery = build_delivery(sent, webhook_id=webhook_id, received_at=NOW)
        inbox.receive(connection=connection, delivery=delivery, now=NOW)
    if fold:
        folding.process_events(now=NOW)


def list_commissions():
    return {row.line.line_id: str(row.amount) for row in Commission.objects.select_related("line")}


def list_results():
    return [tuple(row) for row in ShopEvent.objects.order_by("id").values_list("state", "outcome", "field")]


def test_order_earns_until_it_is_refunded(connection):
    order = build_order(**CODE)
    send(connection, Sent("orders/create", order))
    # The rate for everything else is 3 %: of 80.00 and 15.50, and after the refund of 40.00.
    assert list_commissions() == {"11": "2.40", "12": "0.47"}
    send(connection, Sent("refunds/create", build_refund()))
    assert list_commissions() == {"11": "1.20", "12": "0.47"}
    send(connection, Sent("orders/updated", order | {"refunds": [build_refund()]}))
    assert list_commissions() == {"11": "1.20", "12": "0.47"}
    assert list_results() == [("done", "created", ""), ("done", "updated", ""), ("done", "unchanged", "")]
    send(connection, Sent("orders/updated", order | SHIPPED | {"updated_at": "2026-01-20T12:00:01Z"}))
    assert Order.objects.get().status == "completed"
    send(connection, Sent("orders/delete", {"id": 5500000000001}))
    assert list_commissions() == {"11": "0.00", "12": "0.00"}
    connection.refresh_from_db()
    assert sorted(connection.milestones) == ["attributed", "completed", "event", "order", "refund"]


def test_product_gives_its_lines_their_category(connection):
    CategoryMapping.objects.create(connection=connection, shop_category="Linen", key="linen", category="beauty")
    send(connection, Sent("products/update", load("product")), Sent("orders/create", build_order(**CODE)))
    lines = ShopOrderLine.objects.order_by("line_id").values_list("line_id", "mapped_by", "category")
    assert list(lines) == [("11", "linen", "beauty"), ("12", "", "everything-else")]


def test_customer_is_stored_as_a_hash(connection):
    send(connection, Sent("orders/create", build_order()))
    stored = json.dumps([connection.orders.get().state, OrderSnapshot.objects.get().content])
    assert "7700000000001" not in stored
    assert '"customer_ref": "hash:' in stored


def test_delivery_that_is_repeated_is_stored_once(connection):
    for _ in range(3):
        send(connection, Sent("orders/create", build_order()), webhook_id="w-1")
    [event] = ShopEvent.objects.all()
    assert (event.repeats, event.outcome) == (2, "created")
    assert OrderSnapshot.objects.count() == 1


def test_two_states_of_one_second_make_no_conflict(connection):
    for nanosecond, amount in enumerate(("1.00", "2.00", "3.00"), start=1):
        order = discount(build_order(), amount, "0.00")
        send(connection, Sent("orders/updated", order, f"2026-01-12T12:00:02.00000000{nanosecond}Z"))
    assert [outcome for _state, outcome, _field in list_results()] == ["created", "updated", "updated"]
    assert str(OrderLine.objects.get(line_id="11").amount) == "77.00"


def test_events_that_make_no_order_have_their_cause(connection):
    many = build_order(id=3, line_items=[build_order()["line_items"][1] | {"id": i} for i in range(1, 1_002)])
    send(
        connection,
        Sent("orders/create", build_order(id=1, test=True)),
        Sent("carts/update", {}),
        Sent("orders/create", build_order(id=2, line_items=[])),
        Sent("orders/create", many),
        Sent("orders/create", build_order(id=4, currency="XXX")),
        Sent("refunds/create", build_refund(order_id=5)),
        Sent("orders/create", build_order(id=6, financial_status="pending")),
        Sent("orders/create", [1]),
    )
    assert list_results() == [
        *[("ignored", "ignored", "")] * 2,
        ("refused", "rejected", "line_items"),
        ("refused", "rejected", "lines"),
        ("refused", "rejected", "currency"),
        *[("done", "kept", "")] * 2,
        ("refused", "rejected", "body"),
    ]
    assert Reject.objects.count() == 4
    assert not Order.objects.exists()


def test_category_of_300_characters_is_kept(connection):
    name = "c" * 300
    CategoryMapping.objects.create(connection=connection, shop_category=name, key=name, category="beauty")
    send(connection, Sent("products/create", load("product") | {"product_type": name}))
    send(connection, Sent("orders/create", build_order()))
    assert ShopOrderLine.objects.get(line_id="11").category == "beauty"


def test_same_number_in_two_shops_is_two_orders(connection):
    other = connect("other")
    send(connection, Sent("orders/create", build_order()))
    send(other, Sent("orders/create", change_line(build_order(), 0, price="50.00")))
    amounts = OrderLine.objects.filter(line_id="11").order_by("amount").values_list("order__order_id", "amount")
    assert [(order, str(amount)) for order, amount in amounts] == [
        ("shop-5500000000001", "80.00"),
        ("other-5500000000001", "100.00"),
    ]


def test_both_secrets_of_a_rotation_are_valid_for_the_overlap(connection):
    secrets.replace_secret(connection, "the-new-secret", now=NOW)
    connection.save()
    delivery = build_delivery(Sent("orders/create", build_order()))
    assert inbox.receive(connection=connection, delivery=delivery, now=NOW).is_new
    with pytest.raises(InvalidSignature):
        inbox.receive(connection=connection, delivery=delivery, now=NOW + timedelta(days=3))


def test_webhook_answers_by_signature_alone(connection, client):
    def post(sent, **changes):
        delivery = build_delivery(sent, received_at=timezone.now())
        headers = {**delivery.headers, **changes}
        answer = client.post(f"/hooks/{connection.pk}", delivery.body, content_type="application/json", headers=headers)
        return answer.status_code

    assert post(Sent("orders/create", build_order())) == 200
    assert post(Sent("carts/update", None)) == 200
    assert post(Sent("orders/create", "no order")) == 200
    assert post(Sent("", {})) == 200
    assert post(Sent("orders/create", {}), **{"x-shopify-hmac-sha256": "AAAA"}) == 401
    assert ShopEvent.objects.count() == 4
