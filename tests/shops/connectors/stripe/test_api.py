"""Orders completed from Stripe's API, and missed events found there (specification 11)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from lib import http_client
from shops.connectors import api_completion, folding, inbox, reconciliation, secrets
from shops.connectors.stripe.connector import Stripe
from shops.models import ApiFailure, CategoryMapping, Connection, Reject, ShopEvent, ShopOrder, ShopOrderLine
from tests.local_server import Reply
from tests.scenarios import create_program, import_affiliates
from tests.shops.connectors.stripe.api_account import KEY, ApiAccount, build_item
from tests.shops.connectors.stripe.payloads import (
    DAY,
    START,
    build_delivery,
    build_event,
    complete,
    make_connection,
    pay,
    refund,
)
from tracking.models import Order, OrderLine

PAID = datetime.fromtimestamp(START, UTC)
LATER = PAID + timedelta(minutes=1)


@pytest.fixture
def account(settings, monkeypatch):
    settings.SHOP_API_LOOPBACK = True
    monkeypatch.setattr(http_client, "BACKOFF_SECONDS", 0)
    return ApiAccount(items=[build_item(1), build_item(2), build_item(3, amount_total=0, amount_tax=0)])


@pytest.fixture
def server(account):
    with account.serve() as server:
        yield server


@pytest.fixture
def connection(db, server, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    made = make_connection(api_url=server.url, created_at=PAID)
    secrets.set_api_key(made, KEY)
    made.save()
    return made


def send(connection, *events, at=PAID):
    for event in events:
        inbox.receive(connection=connection, delivery=build_delivery(event, at), now=at)
    folding.process_events(now=at)


def complete_orders(at=LATER):
    return api_completion.complete_orders(clock=lambda: at)


def reconcile(at=LATER):
    return reconciliation.reconcile_connections(clock=lambda: at)


def list_lines():
    return {line.line_id: (str(line.amount), str(line.refunded)) for line in OrderLine.objects.order_by("line_id")}


def test_line_items_replace_the_single_line(server, connection):
    CategoryMapping.objects.create(connection=connection, shop_category="Lamps", key="lamps", category="home-decor")
    send(connection, complete(), pay())
    assert list_lines() == {"checkout": ("100.00", "0.00")}
    assert ShopOrder.objects.get().notes == [
        "The whole checkout is one line, because events of Stripe name no products."
    ]
    assert complete_orders() == (1, 0)
    items = {"li_1": ("50.00", "0.00"), "li_2": ("50.00", "0.00"), "li_3": ("0.00", "0.00")}
    assert list_lines() == items | {"checkout": ("0.00", "0.00")}
    line = OrderLine.objects.get(line_id="li_2")
    assert (line.title, line.quantity, line.category) == ("Lamp no. 2", 2, "home-decor")
    order = ShopOrder.objects.get()
    assert (order.notes, order.fetch_at) == ([], None)
    assert [headers["stripe-version"] for _path, headers in server.requests] == ["2026-06-24.dahlia"] * 3
    assert server.requests[0][1]["authorization"].startswith("Basic ")
    assert complete_orders(LATER + timedelta(days=1)) == (0, 0)


def test_refund_is_spread_over_the_line_items(connection):
    send(connection, complete(), pay())
    complete_orders()
    send(connection, refund(3300), at=LATER + timedelta(days=2))
    assert list_lines()["li_1"] == ("50.00", "12.50")
    [note] = ShopOrder.objects.get().notes
    assert note.startswith("Refunds are spread")
    send(connection, refund(13200, 2 * DAY), at=LATER + timedelta(days=3))
    assert list_lines()["li_2"] == ("50.00", "50.00")
    assert ShopOrder.objects.get().notes == []


@pytest.mark.parametrize(
    ("product", "category"),
    [
        ({"id": "prod_1", "name": "Lamp", "metadata": {}}, ["Lamp"]),
        ({"id": "prod_1", "deleted": True}, []),
        ("prod_1", []),
        (None, []),
    ],
)
def test_product_without_a_category_is_its_own(account, connection, product, category):
    account.items = [build_item(1, price={"product": product} if product else None)]
    send(connection, complete(), pay())
    assert complete_orders() == (1, 0)
    assert ShopOrderLine.objects.get().shop_categories == category


def test_promotion_codes_are_read(account, connection):
    account.codes = {"promo_1Ann": "Ann"}
    account.sessions[0]["discounts"] = [{"coupon": None, "promotion_code": "promo_1Ann"}, {"promotion_code": None}]
    discounts = [{"coupon": "co_10", "promotion_code": "promo_1Ann"}]
    send(connection, complete(discounts=discounts), pay())
    assert Order.objects.get().affiliate is None
    assert complete_orders() == (1, 0)
    affiliate = Order.objects.get().affiliate
    assert getattr(affiliate, "code", "") == "ANN"
    assert ShopOrder.objects.get().notes == []


def test_old_checkout_is_not_divided(connection):
    send(connection, complete(), pay(), at=PAID + timedelta(days=3))
    assert complete_orders(PAID + timedelta(days=4)) == (0, 0)
    assert list(list_lines()) == ["checkout"]


def test_payment_whose_checkout_is_unknown_is_given_up(account, connection):
    account.sessions.clear()
    send(connection, complete(), pay())
    assert complete_orders() == (0, 1)
    assert (
        ShopOrder.objects.get().notes[-1] == "The shop's API was of no help: Stripe knows no checkout of the payment."
    )
    assert not ApiFailure.objects.exists()


@pytest.mark.parametrize(
    "change",
    [{"amount_total": -1}, {"amount_total": "50"}, {"id": ""}, {"id": "x" * 65}, {"price": 3}, {"description": 3}],
)
def test_item_that_cannot_be_read_changes_nothing(account, connection, change):
    account.items = [build_item(1, **change)]
    send(connection, complete(), pay())
    assert complete_orders() == (0, 1)
    assert list_lines() == {"checkout": ("100.00", "0.00")}


def test_key_without_a_permission_is_a_failure_of_the_connection(account, connection):
    send(connection, complete(), pay())
    account.failures = [Reply(b"{}", 403)]
    assert complete_orders() == (0, 1)
    assert ApiFailure.objects.get().status == 403


def test_missed_events_are_found_once(account, connection):
    send(connection, complete())
    missed = pay()
    account.events = [build_event("charge.updated", {}, 5), refund(3300, 4), complete(), missed]
    assert reconcile() == (2, 0)
    folding.process_events(now=LATER)
    assert list_lines() == {"checkout": ("100.00", "25.00")}
    assert not Reject.objects.exists()
    send(connection, missed, at=LATER)
    assert list_lines() == {"checkout": ("100.00", "25.00")}
    assert reconcile(LATER + timedelta(hours=1)) == (0, 0)
    assert ShopEvent.objects.filter(delivery__startswith="api ").count() == 2


def test_list_without_objects_is_a_failure(account, connection):
    for body in (b"[]", b'{"data": 3}', b'{"data": [3]}', b"<html>"):
        account.failures = [Reply(body)]
        assert reconcile() == (0, 1)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("sk_live_a", "not a restricted key"),
        ("pk_live_a", "not a restricted key"),
        ("whsec_a", "not a restricted key"),
        ("rk_test_a", "test mode"),
        ("rk_live_", "begins with rk_live_"),
        ("rk_live_\u00e9", "begins with rk_live_"),
    ],
)
def test_key_that_is_not_restricted_is_refused(key, text):
    with pytest.raises(ValidationError, match=text) as refusal:
        Stripe().check_api("", key)
    assert list(refusal.value.message_dict) == ["api_key"]


def test_key_is_entered_without_an_address(admin_client, db):
    connection = make_connection()
    connection.save()
    url = reverse("admin:shops_connection_set_api_key", args=[connection.pk])
    assert 'name="api_url"' not in admin_client.get(url).content.decode()
    admin_client.post(url, {"api_key": KEY, "reason": "", "confirmed": "1"})
    connection = Connection.objects.get()
    assert (connection.api_url, secrets.get_api_key(connection)) == ("https://api.stripe.com", KEY)
