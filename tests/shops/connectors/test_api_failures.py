"""Failures of a shop's API as staff see them (specification 11)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from lib import http_client
from shops.connectors import api_completion, api_failures, connections, folding, inbox, reconciliation
from shops.connectors.woocommerce.api import WooCommerceApi
from shops.models import ApiFailure, ShopOrder
from tests.local_server import Reply
from tests.scenarios import create_program
from tests.shops.connectors.woocommerce.api_shop import KEY, ApiShop, make_connection
from tests.shops.connectors.woocommerce.payloads import PRODUCT, build_delivery, build_order


@pytest.fixture
def shop(settings, monkeypatch):
    settings.SHOP_API_LOOPBACK = True
    monkeypatch.setattr(http_client, "BACKOFF_SECONDS", 0)
    return ApiShop(products={"93": PRODUCT, "22": PRODUCT | {"id": 22}}, orders={"727": build_order()})


@pytest.fixture
def connection(db, shop):
    create_program("2026-01-01")
    with shop.serve() as server:
        yield make_connection(url=server.url)


def send_order(connection, at):
    inbox.receive(connection=connection, delivery=build_delivery(build_order(), at=at), now=at)
    folding.process_events(now=at)


def complete(at):
    return api_completion.complete_orders(clock=lambda: at)


def search(at):
    return reconciliation.reconcile_connections(clock=lambda: at)


def read_page(client, connection):
    return " ".join(client.get(reverse("admin:shops_connection_change", args=[connection.pk])).content.decode().split())


def test_failure_lasts_from_the_first_until_a_call_of_its_kind_succeeds(shop, connection):
    start = timezone.now()
    send_order(connection, start)
    shop.failures = [Reply(b"", 500)] * 3
    assert search(start + timedelta(minutes=1)) == (0, 1)
    assert search(start + timedelta(minutes=11)) == (0, 1)
    assert complete(start + timedelta(minutes=12)) == (0, 1)
    orders, missed = ApiFailure.objects.order_by("call")
    assert (missed.since, missed.failed_at) == (start + timedelta(minutes=1), start + timedelta(minutes=11))
    assert (orders.call, orders.cause, orders.status) == ("orders", "the answer had the status 500", 500)
    assert search(start + timedelta(minutes=21)) == (0, 0)
    assert ApiFailure.objects.get() == orders
    assert complete(start + timedelta(minutes=30)) == (1, 0)
    assert not ApiFailure.objects.exists()


def test_page_of_the_connection_says_what_fails_and_when_it_is_tried_again(admin_client, shop, connection):
    start = timezone.now()
    send_order(connection, start)
    shop.failures = [Reply(b"", 401), Reply(b"", 500)]
    search(start)
    complete(start + timedelta(minutes=1))
    troubles = {one.failure.call: one for one in api_failures.list_troubles(connection)}
    assert troubles["search"].next_attempt_at == start + timedelta(minutes=10)
    assert troubles["orders"].next_attempt_at == ShopOrder.objects.get().fetch_at == start + timedelta(minutes=2)
    page = read_page(admin_client, connection)
    assert "<strong>Missed events are not searched for</strong> since" in page
    assert "the API of the shop fails: the key was refused (401). Check in the shop that the key still exists" in page
    assert "<strong>Orders are not completed</strong> since" in page
    assert page.count("Next attempt:") == 2


def test_answer_that_cannot_be_read_is_a_failure(shop, connection, monkeypatch):
    shop.failures = [Reply(b"<html>")]
    assert search(timezone.now()) == (0, 1)
    assert ApiFailure.objects.get().cause.startswith("the answer is not JSON")
    monkeypatch.setattr(WooCommerceApi, "list_changed", lambda api, since: 1 / 0)
    assert search(timezone.now()) == (0, 1)
    assert ApiFailure.objects.get().cause == "the answer could not be read (ZeroDivisionError)"


def test_order_that_the_shop_does_not_know_is_no_failure_of_its_api(shop, connection):
    start = timezone.now()
    send_order(connection, start)
    shop.orders.clear()
    assert complete(start + timedelta(minutes=1)) == (0, 1)
    assert not ApiFailure.objects.exists()


def test_staff_home_names_shops_whose_api_has_failed_for_an_hour(admin_client, shop, connection):
    shop.failures = [Reply(b"", 403)]
    search(timezone.now() - timedelta(minutes=59))
    assert "Failing APIs of shops" not in admin_client.get(reverse("admin:index")).content.decode()
    ApiFailure.objects.update(since=timezone.now() - timedelta(minutes=61))
    page = admin_client.get(reverse("admin:index")).content.decode()
    assert "they have failed for more than an hour: shop" in page
    assert "fails" in admin_client.get(reverse("admin:shops_connection_changelist")).content.decode()


@pytest.mark.parametrize("key", [KEY, ""])
def test_new_key_or_none_ends_the_failures(shop, connection, key):
    shop.failures = [Reply(b"", 401)]
    search(timezone.now())
    connections.set_api_key(
        connection=connection, api_url=connection.api_url, api_key=key, reason="A new key.", now=timezone.now(), by=None
    )
    assert not ApiFailure.objects.exists()
