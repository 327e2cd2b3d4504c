"""Orders completed from Shopify's API, and missed events found there (specification 11)."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from lib import http_client
from shops.connectors import api_completion, folding, inbox, mappings, reconciliation, secrets
from shops.connectors.shopify.connector import Shopify
from shops.models import ApiFailure, CategoryMapping, ShopEvent, ShopOrder, ShopOrderLine, ShopProduct
from tests.local_server import Reply
from tests.scenarios import create_program
from tests.shops.connectors.shopify.api_shop import APP, PRODUCT, TOKEN, ApiShop, encode, make_connection
from tests.shops.connectors.shopify.folded import read
from tests.shops.connectors.shopify.payloads import RECEIVED, Sent, build_delivery, build_order, build_refund, load
from tracking.models import Order, OrderLine

LATER = RECEIVED + timedelta(minutes=1)
ORDER = str(build_order()["id"])
RECENT = {"updated_at": "2026-02-01T12:00:30Z"}


@pytest.fixture
def shop(settings, monkeypatch):
    settings.SHOP_API_LOOPBACK = True
    monkeypatch.setattr(http_client, "BACKOFF_SECONDS", 0)
    return ApiShop(orders={ORDER: build_order()})


@pytest.fixture
def server(shop):
    with shop.serve() as server:
        yield server


@pytest.fixture
def connection(db, server):
    create_program("2026-01-01")
    return make_connection(server.url)


def send(connection, topic, content, at=RECEIVED):
    inbox.receive(connection=connection, delivery=build_delivery(Sent(topic, content), received_at=at), now=at)
    folding.process_events(now=at)


def complete(at=LATER):
    return api_completion.complete_orders(clock=lambda: at)


def reconcile(at=LATER):
    return reconciliation.reconcile_connections(clock=lambda: at)


def test_categories_of_products_are_read_once(server, connection):
    CategoryMapping.objects.create(connection=connection, shop_category="Shirts", key="shirts", category="clothing")
    send(connection, "orders/create", build_order())
    assert complete() == (1, 0)
    assert dict(ShopOrderLine.objects.values_list("line_id", "mapped_by"))["11"] == "shirts"
    assert ShopOrder.objects.get().fetch_at is None
    # The second product is not known to the shop.
    assert ShopProduct.objects.get(product_key="902").categories == []
    assert [headers["x-shopify-access-token"] for _path, headers in server.requests] == [TOKEN] * 2
    send(connection, "orders/updated", build_order(**RECENT), at=LATER)
    assert complete(LATER + timedelta(minutes=1)) == (0, 0)


def test_product_of_the_api_has_the_categories_of_its_event(connection):
    event = read(Sent("products/update", load("product")))
    send(connection, "orders/create", build_order())
    complete()
    assert ShopProduct.objects.get(product_key="901").categories == event.categories


def test_collections_of_products_are_categories(shop, connection):
    CategoryMapping.objects.create(connection=connection, shop_category="Sale", key="sale", category="clothing")
    send(connection, "orders/create", build_order())
    assert dict(ShopOrderLine.objects.values_list("line_id", "mapped_by"))["11"] == ""
    assert complete() == (1, 0)
    line = ShopOrderLine.objects.get(line_id="11")
    assert (line.mapped_by, line.category) == ("sale", "clothing")
    assert line.shop_categories[-2:] == ["Linen edit", "Sale"]
    names = [row.name for row in mappings.list_shop_categories(connection, card=None, now=LATER)]
    assert "Linen edit" in names


def test_collections_stay_until_they_are_read_again_after_a_change_of_the_product(shop, connection):
    send(connection, "orders/create", build_order())
    complete()
    product = load("product") | {"updated_at": "2026-02-01T12:00:00Z"}
    send(connection, "products/update", product, at=LATER)
    row = ShopProduct.objects.get(product_key="901")
    assert (row.collections, row.collections_are_old) == (["Linen edit", "Sale"], True)
    shop.products["901"] = shop.products["901"] | {"collections": {"nodes": [{"title": "New in"}]}}
    send(connection, "orders/updated", build_order(**RECENT), at=LATER)
    assert complete(LATER + timedelta(minutes=1)) == (1, 0)
    row.refresh_from_db()
    assert (row.collections, row.collections_are_old) == (["New in"], False)


def test_products_of_a_connection_that_gets_a_key_are_read_for_their_collections(server, db):
    create_program("2026-01-01")
    connection = make_connection(server.url, "")
    send(connection, "products/update", load("product"))
    send(connection, "orders/create", build_order())
    assert complete() == (0, 0)
    secrets.set_api_key(connection, TOKEN)
    connection.save()
    send(connection, "orders/updated", build_order(**RECENT), at=LATER)
    assert complete(LATER + timedelta(minutes=1)) == (1, 0)
    assert ShopProduct.objects.get(product_key="901").collections == ["Linen edit", "Sale"]


def test_edit_whose_order_is_missing_is_completed(shop, connection):
    send(connection, "orders/create", build_order())
    complete()
    edit = {"order_edit": {"order_id": int(ORDER), "created_at": "2026-02-01T12:00:00Z"}}
    send(connection, "orders/edited", edit, at=LATER)
    [note] = ShopOrder.objects.get().notes
    assert note.startswith("The order was edited")
    shop.orders[ORDER] = build_order(**RECENT)
    shop.orders[ORDER]["line_items"][0]["quantity"] = 1
    assert complete(LATER + timedelta(minutes=1)) == (1, 0)
    assert ShopOrder.objects.get().notes == []
    assert str(OrderLine.objects.get(line_id="11").amount) == "40.00"


def test_credentials_of_an_app_are_exchanged_for_a_token(server, shop, db):
    create_program("2026-01-01")
    connection = make_connection(server.url, ":".join(APP))
    send(connection, "orders/create", build_order())
    assert complete() == (1, 0)
    assert server.paths[0] == "/admin/oauth/access_token"
    assert [headers.get("x-shopify-access-token") for _path, headers in server.requests] == [None, TOKEN, TOKEN]


@pytest.mark.parametrize(
    ("key", "answer", "cause"),
    [
        (f"{'d' * 32}:{APP[1]}", None, "the client id or secret is wrong"),
        (":".join(APP), encode({"access_token": "a\r\nb: c"}), "the answer has no access token"),
        (":".join(APP), Reply(b"<html>"), "the answer is not JSON"),
        (":".join(APP), Reply(b"", 500), "the answer had the status 500"),
        ("nonsense", None, "the key is neither"),
    ],
)
def test_app_without_a_token_is_a_failure(server, shop, db, key, answer, cause):
    make_connection(server.url, key)
    shop.failures = [answer] if answer else []
    assert reconcile() == (0, 1)
    assert ApiFailure.objects.get().cause.startswith(cause)


@pytest.mark.parametrize(
    ("answer", "cause", "status"),
    [
        ({"errors": [{"extensions": {"code": "ACCESS_DENIED"}}]}, "the key may not read products", 403),
        ({"errors": [{"extensions": {"code": "THROTTLED"}}]}, "the answer has no products", 0),
        ({"data": {"nodes": 3}}, "the answer has no products", 0),
        ([], "the answer is no object", 0),
    ],
)
def test_products_that_cannot_be_read_are_a_failure(shop, connection, monkeypatch, answer, cause, status):
    monkeypatch.setattr(shop, "answer_post", lambda path, body: encode(answer))
    with shop.serve() as server:
        type(connection).objects.update(api_url=server.url)
        send(connection, "orders/create", build_order())
        assert complete() == (0, 1)
    failure = ApiFailure.objects.get()
    assert (failure.cause, failure.status) == (cause, status)


@pytest.mark.parametrize("product", [PRODUCT | {"legacyResourceId": "x"}, 3, PRODUCT | {"category": 3}])
def test_unusable_product_changes_nothing(shop, connection, product):
    shop.products["901"] = product
    send(connection, "orders/create", build_order())
    assert complete() == (0, 1)
    assert not ShopProduct.objects.exists()
    assert Order.objects.count() == 1


def test_missed_orders_and_changes_are_found(shop, server, connection):
    for number in (1, 2, 3):
        send(connection, "orders/create", build_order(id=number))
    refund = build_refund(order_id=1)
    shop.orders = {
        "1": build_order(id=1, refunds=[refund], financial_status="partially_refunded", **RECENT),
        "2": build_order(id=2, cancelled_at="2026-02-01T12:00:30Z", **RECENT),
        "3": build_order(id=3),  # older than what is searched for
        "4": build_order(id=4, **RECENT),
        "5": build_order(id=5, test=True, **RECENT),
        "6": build_order(id=6, line_items=3, **RECENT),
    }
    assert reconcile() == (4, 0)
    assert [path for path in server.paths if "page_info" in path]
    folding.process_events(now=LATER)
    states = dict(Order.objects.values_list("order_id", "status"))
    assert states == {"shop-1": "paid", "shop-2": "cancelled", "shop-3": "paid", "shop-4": "paid"}
    assert str(OrderLine.objects.get(order__order_id="shop-1", line_id="11").refunded) == "40.00"
    assert ShopEvent.objects.get(state="refused").field == "line_items"
    assert reconcile(LATER + timedelta(hours=1)) == (0, 0)


def test_long_orders_are_listed_in_shorter_pages(shop, server, connection, monkeypatch):
    shop.orders = {"4": build_order(id=4, **RECENT), "5": build_order(id=5, **RECENT)}
    monkeypatch.setattr(http_client, "MAX_BYTES", 100)
    assert reconcile() == (0, 1)
    assert [path.rpartition("limit=")[2] for path in server.paths] == ["250", "125", "62", "31", "15", "7", "3", "1"]


@pytest.mark.parametrize(
    ("url", "key", "field"),
    [
        ("https://shop.example", TOKEN, "api_url"),
        ("https://shop.myshopify.com.evil.example", TOKEN, "api_url"),
        ("https://user@shop.myshopify.com", TOKEN, "api_url"),
        ("http://shop.myshopify.com", TOKEN, "api_url"),
        ("", TOKEN, "api_url"),
        ("https://shop.myshopify.com/", "shpss_" + "5" * 32, "api_key"),
        ("https://shop.myshopify.com", "", "api_key"),
    ],
)
def test_unusable_address_or_key_is_refused(url, key, field):
    with pytest.raises(ValidationError) as refusal:
        Shopify().check_api(url, key)
    assert list(refusal.value.message_dict) == [field]


@pytest.mark.parametrize("key", [TOKEN, ":".join(APP), "\n".join(APP)])
def test_token_or_credentials_are_accepted(key):
    Shopify().check_api("https://your-shop.myshopify.com/", key)
