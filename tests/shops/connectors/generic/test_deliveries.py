"""Deliveries of a generic shop from the address to commissions (specification 11)."""

import json
from datetime import timedelta

import pytest

from payouts.models import Commission
from shops.connectors import folding, inbox
from shops.models import CategoryMapping, Reject, ShopEvent, ShopOrderLine
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.connectors.generic.generic_shop import build_connection, build_delivery, build_event
from tracking.models import Order, OrderSnapshot


@pytest.fixture
def connection(db, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    connection = build_connection()
    connection.save()
    return connection


def send(connection, order, *, seconds=0, **details):
    at = NOW + timedelta(seconds=seconds)
    delivery = build_delivery(build_event(order), at=at, **details)
    return inbox.receive(connection=connection, delivery=delivery, now=at)


def post(client, connection, body, **headers):
    signed = build_delivery(body)
    names = {name: value for name, value in {**signed.headers, **headers}.items() if value is not None}
    return client.post(f"/hooks/{connection.pk}", body, content_type="application/json", headers=names)


@pytest.fixture
def frozen(time_machine):
    time_machine.move_to(NOW, tick=False)


def list_outcomes():
    return list(ShopEvent.objects.order_by("id").values_list("state", "field"))


def test_order_earns_and_refund_lowers(connection):
    line = {"id": 1, "amount": "50.00", "categories": ["Tees", "Beauty"]}
    CategoryMapping.objects.create(
        connection=connection, shop_category="Beauty", key="beauty", category="beauty-health"
    )
    send(connection, {"coupons": ["ann"], "status": "completed", "lines": [line]})
    folding.process_events(now=NOW)
    # 8 % of 50.00.
    assert str(Commission.objects.get().amount) == "4.00"
    refunded = {"updated_at": "2026-01-13T12:00:00Z", "status": "completed", "coupons": ["ann"]}
    send(connection, refunded | {"lines": [line | {"refunded": "20.00"}]})
    folding.process_events(now=NOW)
    # 8 % of 30.00.
    assert str(Commission.objects.get().amount) == "2.40"
    evidence = ShopOrderLine.objects.get()
    assert (evidence.mapped_by, evidence.shop_categories) == ("beauty", ["Tees", "Beauty"])
    assert sorted(connection.__class__.objects.get().milestones) == [
        "attributed", "completed", "event", "order", "refund",
    ]  # fmt: skip


def test_two_connections_may_send_the_same_order_number(connection):
    other = build_connection("another shop", "other")
    other.save()
    for each, amount in ((connection, "50.00"), (other, "70.00")):
        send(each, {"lines": [{"id": 1, "amount": amount}]})
    folding.process_events(now=NOW)
    found = {order.order_id: str(order.lines.get().amount) for order in Order.objects.all()}
    assert found == {"any-7": "50.00", "other-7": "70.00"}


def test_customer_data_is_not_stored_in_the_state(connection):
    customer = {"id": "a@example.com", "name": "Ann Example", "country": "DE"}
    send(connection, {"customer": customer, "lines": [{"id": 1, "amount": "50.00"}]})
    folding.process_events(now=NOW)
    stored = json.dumps(list(connection.orders.values_list("state", flat=True)))
    assert "example.com" not in stored
    assert "Ann Example" not in stored
    snapshot = json.dumps(OrderSnapshot.objects.get().content)
    assert "example.com" not in snapshot
    assert '"DE"' in snapshot


def test_events_read_again_with_other_paths_replace_what_they_said(connection):
    send(connection, {"lines": [{"id": 1, "amount": "50.00", "net": "40.00"}]})
    folding.process_events(now=NOW)
    connection.options["paths"]["amount"] = "data.lines[].net"
    connection.options["revision"] += 1
    connection.save()
    ShopEvent.objects.update(state="waiting", next_attempt_at=NOW, processed_at=None)
    folding.process_events(now=NOW)
    assert str(Order.objects.get().lines.get().amount) == "40.00"


LINES = [{"id": 1, "amount": "50.00"}]
BAD_ORDERS = {
    "unknown topic": (None, ("ignored", "")),
    "order without lines": ({"lines": []}, ("refused", "lines")),
    "negative amount alone": ({"lines": [{"id": 1, "amount": "-5.00"}]}, ("refused", "lines")),
    "negative refund": ({"lines": [{"id": 1, "amount": "50.00", "refunded": "-1"}]}, ("refused", "lines[0].refunded")),
    "refund above the order": ({"lines": [{"id": 1, "amount": "50.00", "refunded": "60"}]}, ("done", "")),
    "unknown currency": ({"currency": "XXX", "lines": LINES}, ("refused", "currency")),
    "1,000 lines": ({"lines": [{"id": n, "amount": "1.00"} for n in range(1_000)]}, ("done", "")),
    "1,001 lines": ({"lines": [{"id": n, "amount": "1.00"} for n in range(1_001)]}, ("refused", "lines")),
    "category of 300": ({"lines": [{"id": 1, "amount": "50.00", "categories": ["c" * 300]}]}, ("done", "")),
    "category of 3,000": ({"lines": [{"id": 1, "amount": "50.00", "categories": ["c" * 3_000]}]}, ("done", "")),
    "two lines of one id": ({"lines": LINES * 2}, ("refused", "lines[1].line_id")),
    "amount above the most": ({"lines": [{"id": 1, "amount": 2_000_000}]}, ("refused", "lines[0].amount")),
    "amount that is an object": ({"lines": [{"id": 1, "amount": {}}]}, ("refused", "lines[0].amount")),
    "placed in the future": ({"placed_at": "2036-01-01T00:00:00Z", "lines": LINES}, ("refused", "placed_at")),
    "changed in the future": ({"updated_at": "2036-01-01T00:00:00Z", "lines": LINES}, ("done", "")),
    "title with NUL": ({"lines": [{"id": 1, "amount": "50.00", "title": "a\0b"}]}, ("done", "")),
    "lone surrogate": ({"lines": [{"id": 1, "amount": "50.00", "title": "\ud800"}]}, ("done", "")),
    "click id of 5,000": ({"click_id": "x" * 5_000, "lines": LINES}, ("done", "")),
    "eleven coupons": ({"coupons": [f"c{n}" for n in range(11)], "lines": LINES}, ("done", "")),
    "customer that is a list": ({"customer": [], "lines": LINES}, ("done", "")),
    "customer reference that is a list": ({"customer": {"id": []}, "lines": LINES}, ("refused", "customer_ref")),
    "negative quantity": ({"lines": [{"id": 1, "amount": "5", "quantity": -1}]}, ("refused", "lines[0].quantity")),
    "status that is a list": ({"status": ["paid"], "lines": LINES}, ("refused", "status")),
}


def test_bad_orders_have_their_answers(connection):
    connection.options["topics"] = ["order.updated"]
    connection.save()
    for number, (order, _expected) in enumerate(BAD_ORDERS.values()):
        content = {"type": "other"} if order is None else build_event({"id": number} | order)
        delivery = build_delivery(json.dumps(content).encode())
        assert inbox.receive(connection=connection, delivery=delivery, now=NOW).answer == "stored"
    folding.process_events(now=NOW)
    found = dict(zip(BAD_ORDERS, list_outcomes(), strict=True))
    assert found == {name: expected for name, (_order, expected) in BAD_ORDERS.items()}
    assert Reject.objects.count() == sum(state == "refused" for state, _field in found.values())
    assert Order.objects.count() == sum(state == "done" for state, _field in found.values())


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"text"', b"NaN", b"[" * 100_000, b"\xef\xbb\xbf{}", b'{"data": 1}', b"1" * 5_000],
)
@pytest.mark.usefixtures("frozen")
def test_signed_body_that_is_no_order_is_stored_and_refused(connection, client, body):
    assert post(client, connection, body).status_code == 200
    folding.process_events(now=NOW)
    [(state, field)] = list_outcomes()
    assert (state, field in ("body", "order_id")) == ("refused", True)
    assert Reject.objects.get().cause


@pytest.mark.usefixtures("frozen")
def test_hook_refuses_what_is_not_signed_and_stores_nothing(connection, client):
    body = json.dumps(build_event({"lines": LINES})).encode()
    assert post(client, connection, body, **{"webhook-signature": None}).status_code == 401
    assert post(client, connection, body, **{"webhook-signature": "v1,AAAA"}).status_code == 401
    assert post(client, connection, body, **{"webhook-timestamp": "1000000000"}).status_code == 401
    assert not ShopEvent.objects.exists()


@pytest.mark.usefixtures("frozen")
def test_hook_stores_a_body_of_10_mib_once(connection, client):
    event = build_event({"lines": LINES})
    body = json.dumps(event | {"padding": "x" * 10 * 1024 * 1024}).encode()
    for _ in range(2):
        assert post(client, connection, body).status_code == 200
    folding.process_events(now=NOW)
    assert Order.objects.count() == 1
    assert OrderSnapshot.objects.count() == 1
