"""Orders completed from WooCommerce's API, and missed events found there (specification 11)."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.core.exceptions import ValidationError
from django.db import connection as database

from lib import http_client
from shops.connectors import api_completion, folding, inbox, reconciliation
from shops.connectors.woocommerce.api import WooCommerceApi
from shops.connectors.woocommerce.connector import WooCommerce
from shops.models import CategoryMapping, Connection, Reject, ShopEvent, ShopOrder, ShopOrderLine, ShopProduct
from tests.local_server import Reply
from tests.scenarios import NOW, create_program
from tests.shops.connectors.woocommerce.api_shop import KEY, ApiShop, make_connection
from tests.shops.connectors.woocommerce.payloads import (
    PRODUCT,
    at_second,
    build_delivery,
    build_order,
    build_refund,
    build_refunds,
    encode,
)
from tracking.models import Order, OrderLine

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def shop(settings, monkeypatch):
    settings.SHOP_API_LOOPBACK = True
    monkeypatch.setattr(http_client, "BACKOFF_SECONDS", 0)
    return ApiShop(products={"93": PRODUCT, "22": PRODUCT | {"id": 22, "categories": [], "tags": []}})


@pytest.fixture
def server(shop):
    with shop.serve() as server:
        yield server


@pytest.fixture
def connection(db, server):
    create_program("2026-01-01")
    return make_connection(url=server.url)


def send(connection, order, *, topic="order.updated", at=NOW):
    inbox.receive(connection=connection, delivery=build_delivery(order, topic=topic, at=at), now=at)
    folding.process_events(now=at)


def complete(at=LATER):
    return api_completion.complete_orders(clock=lambda: at)


def reconcile(at=LATER):
    return reconciliation.reconcile_connections(clock=lambda: at)


def get_next_attempt():
    at = ShopOrder.objects.get().fetch_at
    assert at
    return at


def list_lines():
    return {line.line_id: (str(line.amount), str(line.refunded)) for line in OrderLine.objects.order_by("line_id")}


def test_refund_by_line_replaces_the_approximation(shop, server, connection):
    order = build_order(refunds=build_refunds("-24.00"))
    shop.orders["727"], shop.refunds["727"] = order, [build_refund()]
    send(connection, order)
    # 24.00 x 100 / 132 = 18.18, in proportion to 40 and 60.
    assert list_lines() == {"11": ("40.00", "7.27"), "12": ("60.00", "10.91")}
    assert ShopOrder.objects.get().notes
    assert complete(NOW) == (0, 0)
    assert complete() == (1, 0)
    assert list_lines() == {"11": ("40.00", "20.00"), "12": ("60.00", "0.00")}
    found = ShopOrder.objects.get()
    assert (found.notes, found.fetch_at) == ([], None)
    assert complete(NOW + timedelta(days=1)) == (0, 0)
    assert [headers["authorization"] for _path, headers in server.requests] == ["Basic Y2tfYTE6Y3NfYjI="] * 3


def test_unknown_products_are_read_once(shop, server, connection):
    CategoryMapping.objects.create(connection=connection, shop_category="Cups", key="cups", category="beauty")
    shop.orders["727"] = build_order()
    send(connection, build_order())
    assert complete() == (1, 0)
    lines = ShopOrderLine.objects.order_by("line_id").values_list("mapped_by", "category")
    assert list(lines) == [("cups", "beauty"), ("", "everything-else")]
    send(connection, build_order(date_modified_gmt=at_second(60)), at=LATER)
    assert complete(NOW + timedelta(minutes=2)) == (0, 0)
    assert sum(path.startswith("/wp-json/wc/v3/products") for path in server.paths) == 1


def test_product_that_the_shop_does_not_know_is_not_searched_again(shop, connection):
    del shop.products["22"]
    shop.orders["727"] = build_order()
    send(connection, build_order())
    assert complete() == (1, 0)
    assert ShopProduct.objects.get(product_key="22").categories == []
    assert ShopOrder.objects.get().fetch_at is None


def test_failure_is_tried_again_later_and_then_given_up(shop, connection):
    send(connection, build_order(refunds=build_refunds("-24.00")))
    before = list_lines()
    at = NOW
    for attempt in range(api_completion.MAX_ATTEMPTS):
        at = get_next_attempt()
        shop.failures = [Reply(b"", 500)]
        assert complete(at - timedelta(seconds=1)) == (0, 0)
        assert complete(at) == (0, 1)
        assert ShopOrder.objects.get().fetch_attempts == attempt + 1
    found = ShopOrder.objects.get()
    assert found.fetch_at is None
    assert found.notes[-1] == "The shop's API was of no help: the answer had the status 500."
    assert list_lines() == before


def test_order_that_the_shop_no_longer_knows_is_given_up_at_once(connection):
    send(connection, build_order())
    assert complete() == (0, 1)
    assert ShopOrder.objects.get().fetch_at is None


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"id": 727}', b'{"code": "x", "message": "y"}', b"\xff"])
def test_answer_that_cannot_be_read_changes_nothing(shop, connection, body):
    send(connection, build_order())
    shop.failures = [Reply(body)]
    assert complete() == (0, 1)
    assert list_lines() == {"11": ("40.00", "0.00"), "12": ("60.00", "0.00")}
    assert get_next_attempt() > LATER


def test_failing_shop_does_not_hold_up_another(shop, connection):
    other = make_connection("other", url=connection.api_url)
    shop.orders["728"] = build_order(id=728)
    for key in (726, 727):
        send(connection, build_order(id=key))
    send(other, build_order(id=728))
    Connection.objects.filter(pk=connection.pk).update(api_url="https://10.0.0.1")
    assert complete() == (1, 1)


def test_api_is_called_outside_of_a_transaction(shop, connection, monkeypatch):
    states = []
    monkeypatch.setattr(shop, "answer", lambda path: Reply(b"", 500))
    original = api_completion._call_api

    def call(claim, *, now):
        states.append((database.savepoint_ids[:], ShopOrder.objects.get().fetch_attempts))
        return original(claim, now=now)

    send(connection, build_order())
    monkeypatch.setattr(api_completion, "_call_api", call)
    complete()
    # The claim is already stored: a worker that dies now has used up one attempt, no more.
    assert states == [([], 1)]


def test_poison_does_not_stop_the_others(shop, connection, monkeypatch):
    shop.orders = {"726": build_order(id=726), "727": build_order()}
    send(connection, build_order(id=726))
    send(connection, build_order())
    original = WooCommerceApi.fetch_order

    def fetch(api, order_key, *, now):
        return original(api, order_key, now=now) if order_key == "727" else 1 / 0

    monkeypatch.setattr(WooCommerceApi, "fetch_order", fetch)
    assert complete() == (1, 1)
    monkeypatch.setattr(WooCommerceApi, "list_changed", lambda api, since: 1 / 0)
    assert reconcile() == (0, 1)


def test_order_that_became_of_no_use_is_not_completed(shop, connection):
    shop.orders["727"] = build_order(parent_id=3)
    send(connection, build_order())
    assert complete() == (0, 1)


def test_worker_that_dies_leaves_the_order_due(shop, connection, monkeypatch):
    shop.orders["727"] = build_order()
    send(connection, build_order())

    def die(claim, *, now):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(api_completion, "_call_api", die)
        with pytest.raises(KeyboardInterrupt):
            complete()
    assert complete() == (0, 0)
    assert complete(LATER + timedelta(minutes=1)) == (1, 0)


def test_missed_order_is_found_and_folded_once(shop, connection):
    shop.orders = {str(key): build_order(id=key, date_modified_gmt="2026-11-22T12:00:00") for key in range(700, 850)}
    send(connection, shop.orders["727"])
    assert reconcile() == (149, 0)
    folding.process_events(now=LATER)
    assert Order.objects.count() == 150
    assert reconcile(LATER + timedelta(minutes=59)) == (0, 0)
    connection.refresh_from_db()
    assert connection.reconciled_at == LATER
    assert connection.milestones["event"] == NOW.isoformat()
    assert reconcile(LATER + timedelta(minutes=60)) == (0, 0)
    assert ShopEvent.objects.count() == 150


def test_long_orders_are_listed_in_shorter_pages(shop, server, connection, monkeypatch):
    shop.orders = {str(key): build_order(id=key, date_modified_gmt="2026-11-22T12:00:00") for key in range(1, 41)}
    monkeypatch.setattr(http_client, "MAX_BYTES", 15 * len(encode(build_order())))
    assert reconcile() == (40, 0)
    sizes = [parse_qs(path)["per_page"] for path in server.paths if "status=any" in path]
    assert sizes == [["100"], ["50"], ["25"], ["12"], ["12"], ["12"], ["12"]]
    monkeypatch.setattr(http_client, "MAX_BYTES", 100)
    assert reconcile(LATER + timedelta(hours=1)) == (0, 1)


def test_missed_changes_are_found(shop, connection):
    modified: Any = {"date_modified_gmt": "2026-11-22T12:00:30"}
    for key in (1, 2, 3, 4):
        send(connection, build_order(id=key))
    send(connection, {"id": 4}, topic="order.deleted")
    shop.orders = {
        "1": build_order(id=1, refunds=build_refunds("-33.00"), **modified),
        "2": build_order(id=2, status="trash", **modified),
        "3": build_order(id=3),  # older than what is searched for
        # Restored, which does not change the time of modification.
        "4": build_order(id=4, date_modified_gmt="2026-11-22T11:55:00"),
    }
    assert reconcile() == (3, 0)
    folding.process_events(now=LATER)
    states = dict(Order.objects.values_list("order_id", "status"))
    assert states == {"shop-1": "paid", "shop-2": "cancelled", "shop-3": "paid", "shop-4": "paid"}
    refunded = OrderLine.objects.filter(order__order_id="shop-1").order_by("line_id").values_list("refunded", flat=True)
    assert [str(amount) for amount in refunded] == ["10.00", "15.00"]


def test_event_that_was_found_is_no_signed_event(shop, connection):
    shop.orders["727"] = build_order(date_modified_gmt="2026-11-22T12:00:00")
    reconcile()
    folding.process_events(now=LATER)
    connection.refresh_from_db()
    assert sorted(connection.milestones) == ["order"]


def test_missed_order_that_cannot_be_read_is_rejected_once(shop, connection):
    shop.orders["727"] = build_order(date_modified_gmt="2026-11-22T12:00:00", line_items=[3])
    for minutes in (1, 61, 121):
        reconcile(NOW + timedelta(minutes=minutes))
        folding.process_events(now=NOW + timedelta(minutes=minutes))
    assert Reject.objects.get().field == "line_items[0]"


def test_failed_search_is_made_up_for(shop, connection):
    shop.orders["727"] = build_order(date_modified_gmt="2026-11-22T12:00:00")
    shop.failures = [Reply(b"", 401)]
    assert reconcile() == (0, 1)
    assert reconcile(LATER + timedelta(minutes=10)) == (1, 0)


def test_connection_without_a_key_is_not_searched(db, shop, server):
    make_connection()
    assert reconcile() == (0, 0)
    assert not server.requests


@pytest.mark.parametrize("key", ["ck_a1:cs_b2", " ck_a1 \n cs_b2 ", "ck_a1,cs_b2"])
def test_key_is_read_in_any_form(key):
    api = WooCommerceApi("https://shop.example/wp-json/wc/v3/", key, "")
    assert api.client._session.auth == ("ck_a1", "cs_b2")
    assert api.url == "https://shop.example/wp-json/wc/v3"


@pytest.mark.parametrize(
    ("url", "key", "field"),
    [
        ("http://shop.example", KEY, "api_url"),
        ("https://user:x@shop.example", KEY, "api_url"),
        ("https://shop.example", "ck_a1", "api_key"),
        ("https://shop.example", "", "api_key"),
        ("https://shop.example", "ck_a1:cs_\u00e9", "api_key"),
    ],
)
def test_unusable_address_or_key_is_refused(url, key, field):
    with pytest.raises(ValidationError) as refusal:
        WooCommerce().check_api(url, key)
    assert list(refusal.value.message_dict) == [field]
