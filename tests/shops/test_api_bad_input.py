"""Bad input to the orders API is refused by field, with little work, and never stored as an order."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import api_keys
from agreements.models import Program
from shops.api.bodies import JSON, NDJSON
from shops.models import Reject
from tests.call_counts import count_calls
from tests.scenarios import NOW, build_order, create_program, import_affiliates, parse_utc
from tracking.clicks import click_ids
from tracking.links import tracking_links
from tracking.models import Order, OrderSnapshot

pytestmark = pytest.mark.django_db
GOOD = json.dumps(build_order("A1"))
# Of a request. A bad body costs no more than a good order: nothing goes through its bytes or values one by one.
MAX_CALLS, MAX_STATEMENTS = 6_000, 10
AMOUNT = '"amount": "100.00"'


@pytest.fixture
def send():
    """Send a body and return the response, which must take little work."""
    create_program("2026-01-01")
    secret = api_keys.create(name="the shop", now=NOW, by=None)[1]
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    client.put("/api/v1/orders/W1", json.dumps(build_order("W1")), content_type=JSON)

    def send_body(body: str | bytes, path: str = "orders/A1", media: str = JSON):
        method = client.post if path.endswith("batch") else client.put
        with CaptureQueriesContext(connection) as queries, count_calls() as work:
            response = method(f"/api/v1/{path}", body, content_type=media)
        assert work.calls <= MAX_CALLS
        assert len(queries) <= MAX_STATEMENTS
        return response

    return send_body


def build_amount(text: str) -> str:
    return GOOD.replace(AMOUNT, f'"amount": {text}')


ROWS = {
    "NaN": (build_amount("NaN"), "lines[0].amount"),
    "NaN in a text": (build_amount('"NaN"'), "lines[0].amount"),
    "Infinity": (build_amount("Infinity"), "lines[0].amount"),
    "-Infinity": (build_amount("-Infinity"), "lines[0].amount"),
    "Infinity in a text": (build_amount('"Infinity"'), "lines[0].amount"),
    "-0.00": (build_amount('"-0.00"'), "lines[0].amount"),
    "-0.00 as a number": (build_amount("-0.00"), "lines[0].amount"),
    "1e400": (build_amount("1e400"), "lines[0].amount"),
    "1e400 in a text": (build_amount('"1e400"'), "lines[0].amount"),
    "other digits": (build_amount('"١٢.00"'), "lines[0].amount"),
    "other digits, escaped": (build_amount('"\\u0661\\u0662.00"'), "lines[0].amount"),
    "an underscore": (build_amount('"1_000.00"'), "lines[0].amount"),
    "a NUL": (GOOD.replace("WHITE", "\\u0000"), "lines[0].title"),
    "a NUL in the id": (GOOD.replace('"A1"', '"A\\u0000"'), "order_id"),
    "a NUL in a key": (GOOD.replace('"title"', '"ti\\u0000tle"'), "lines[0].ti\\x00tle"),
    "a lone surrogate": (GOOD.replace("WHITE", "\\ud800"), "lines[0].title"),
    "a lone surrogate in a key": (GOOD.replace('"title"', '"\\udfff"'), "lines[0].\\udfff"),
    "a duplicate key": (GOOD.replace('"status"', '"status": "completed", "status"'), "status"),
    "a duplicate key of a line": (GOOD.replace('"sku"', '"line_id": "2", "sku"'), "lines[0].line_id"),
    "a duplicate key of the customer": (GOOD.replace('"ref"', '"ref": "1", "ref"'), "customer.ref"),
    "an unknown key": (GOOD.replace('"sku"', '"colour": "red", "sku"'), "lines[0].colour"),
    "deep nesting in a field": (GOOD.replace('"85123A"', "[" * 50 + "]" * 50), "lines[0].sku"),
    "a number of 5,000 digits": (GOOD.replace('"quantity": 1', '"quantity": ' + "9" * 5000), "lines[0].quantity"),
}


@pytest.mark.parametrize("name", ROWS)
def test_bad_row_is_rejected_by_its_field(send, name):
    text, field = ROWS[name]
    assert text != GOOD
    response = send(text)
    assert response.status_code == 422
    error = response.json()["error"]
    assert (error["code"], error["field"]) == ("rejected", field)
    assert error["message"]
    assert not Order.objects.filter(order_id__startswith="A").exists()
    assert OrderSnapshot.objects.count() == 1
    assert Reject.objects.count() == 1


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("media", [JSON, NDJSON])
def test_bad_row_of_a_batch_rejects_only_itself(send, name, media):
    text, field = ROWS[name]
    rows = [json.dumps(build_order("B1")), text, json.dumps(build_order("B2"))]
    body = f"[{','.join(rows)}]" if media == JSON else "\n".join(rows)
    response = send(body, "orders/batch", media)
    assert response.status_code == 200
    first, bad, last = response.json()
    assert (first["outcome"], bad["outcome"], last["outcome"]) == ("created", "rejected", "created")
    assert bad["reason"].startswith(f"{field}: ")
    assert set(Order.objects.values_list("order_id", flat=True)) == {"W1", "B1", "B2"}


BODIES = {
    "bad UTF-8": (GOOD.encode().replace(b"WHITE", b"\xff"), 400, "unreadable", "UTF-8 at byte"),
    "overlong slash": (GOOD.encode().replace(b"WHITE", b"\xc0\xaf"), 400, "unreadable", "UTF-8 at byte"),
    "a raw surrogate": (GOOD.encode().replace(b"WHITE", b"\xed\xa0\x80"), 400, "unreadable", "UTF-8 at byte"),
    "UTF-16": (GOOD.encode("utf-16"), 400, "unreadable", "UTF-8 at byte 0"),
    "two byte order marks": (b"\xef\xbb\xbf" * 2 + GOOD.encode(), 400, "unreadable", "not JSON"),
    "a raw NUL": (GOOD.encode().replace(b"WHITE", b"\x00"), 400, "unreadable", "Invalid control character"),
    "20,000 nested arrays": (b"[" * 20_000 + b"]" * 20_000, 400, "unreadable", "nested too deeply"),
    "20,000 nested objects": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400, "unreadable", "nested too deeply"),
    "truncated": (GOOD.encode()[:-20], 400, "unreadable", "not JSON"),
    "two objects": (GOOD.encode() * 2, 400, "unreadable", "Extra data"),
    "10 MiB + 1": (b" " * (10 * 1024 * 1024 + 1), 413, "too_large", "10 MiB"),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["orders/A1", "orders/batch"])
def test_unreadable_body_is_refused(send, name, path):
    body, status, code, message = BODIES[name]
    response = send(body, path)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert message in error["message"]
    assert not Order.objects.exclude(order_id="W1").exists()
    assert not Reject.objects.exists()


@pytest.fixture
def click(tmp_path, settings: Settings):
    """A function that sends an order with a click id and returns its attribution, a link of ANN, and a time."""
    create_program("2026-01-01")
    Program.current()
    Program.objects.update(shop_url="https://shop.example.com/", shop_hosts=["shop.example.com"])
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    link = tracking_links.create_link(
        affiliate=ann, target="https://shop.example.com/", now=parse_utc("2026-01-03"), by=None
    )
    secret = api_keys.create(name="the shop", now=NOW, by=None)[1]
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    placed = parse_utc("2026-01-10T12:00:00")

    def attribute(click_id: str) -> tuple[str, str | None]:
        body = json.dumps(build_order("C1", click=click_id))
        response = client.put("/api/v1/orders/C1", body, content_type=JSON)
        assert response.status_code == 201
        return response.json()["reason"], response.json()["affiliate"]

    return attribute, link, placed


def test_genuine_click_id_is_credited(click):
    attribute, link, placed = click
    assert attribute(click_ids.sign_click_id(link.pk, placed - timedelta(hours=1))) == ("click", "ANN")


def test_changed_click_id_is_not_credited(click):
    attribute, link, placed = click
    good = click_ids.sign_click_id(link.pk, placed - timedelta(hours=1))
    changed = chr(ord(good[20]) ^ 1)
    assert attribute(good[:20] + changed + good[21:]) == ("click_not_genuine", None)


def test_click_id_of_another_installation_is_not_credited(click, settings):
    attribute, link, placed = click
    own_keys, settings.CLICK_ID_KEYS = settings.CLICK_ID_KEYS, ["another installation's"]
    foreign = click_ids.sign_click_id(link.pk, placed - timedelta(hours=1))
    settings.CLICK_ID_KEYS = own_keys
    assert attribute(foreign) == ("click_not_genuine", None)


@pytest.mark.parametrize("later", [timedelta(milliseconds=1), timedelta(days=365), timedelta(days=365 * 100)])
def test_click_id_from_the_future_is_not_credited(click, later):
    attribute, link, placed = click
    assert attribute(click_ids.sign_click_id(link.pk, placed + later)) == ("click_after_order", None)
