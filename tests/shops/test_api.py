"""The orders API answers as CONTRACT 4 says."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory

from accounts import api_keys
from lib import rate_limits
from lib.rate_limits import Limiter
from payouts.closing import open_program
from shops.api import views
from shops.models import Reject
from tests.scenarios import NOW, build_order, close_months, create_program, import_affiliates, send_orders
from tracking.links import tracking_links
from tracking.models import Order, OrderSnapshot

pytestmark = pytest.mark.django_db
JSON = "application/json"
NDJSON = "application/x-ndjson"
DONE = {"completed": "2026-01-12T12:00:00Z", "at": "2026-01-12T12:00:00Z", "coupon": "ANN"}


class Shop:
    """A client that speaks to the API with a key."""

    def __init__(self, secret: str) -> None:
        self.client = Client(raise_request_exception=True)
        self.headers = {"Authorization": f"Bearer {secret}"}

    def put(self, snapshot: object, order_id: str = "A1", content_type: str = JSON):
        body = snapshot if isinstance(snapshot, (str, bytes)) else json.dumps(snapshot)
        return self.client.put(f"/api/v1/orders/{order_id}", body, content_type=content_type, headers=self.headers)

    def batch(self, body: object, content_type: str = JSON, **headers: str):
        body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.client.post("/api/v1/orders/batch", body, content_type=content_type, headers=self.headers | headers)

    def get(self, order_id: str):
        return self.client.get(f"/api/v1/orders/{order_id}", headers=self.headers)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    cache.clear()
    monkeypatch.setattr(rate_limits, "_limiter", Limiter())
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    return Shop(api_keys.create(name="the shop", now=NOW, by=None)[1])


def test_a_put_by_its_outcome(shop):
    first = build_order("A1", coupon="ANN")
    created = shop.put(first)
    assert created.status_code == 201
    assert created.json() == {
        "order_id": "A1", "outcome": "created", "affiliate": "ANN", "reason": "coupon", "commission": "5.00",
    }  # fmt: skip
    updated = shop.put(build_order("A1", **DONE))
    assert (updated.status_code, updated.json()["outcome"]) == (200, "updated")
    again = shop.put(build_order("A1", **DONE))
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
    stale = shop.put(build_order("A1", at="2026-01-11T12:00:00Z", coupon="ANN"))
    assert (stale.status_code, stale.json()["outcome"]) == (200, "stale")
    conflict = shop.put(build_order("A1", ("home-decor", "1.00"), **DONE))
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "conflict")
    assert conflict.json()["error"]["field"] == "updated_at"
    rejected = shop.put(build_order("A1", ("home-decor", "-1.00"), **DONE | {"at": "2026-01-13T12:00:00Z"}))
    assert rejected.status_code == 422
    assert rejected.json()["error"]["field"] == "lines[0].amount"
    assert Order.objects.get().commissions.get().amount == 5
    assert list(Reject.objects.order_by("received_at").values_list("outcome", flat=True)) == ["conflict", "rejected"]


def test_a_put_whose_body_names_another_order_with_422(shop):
    answer = shop.put(build_order("A2"), order_id="A1")
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "order_id")
    assert not OrderSnapshot.objects.exists()


def test_another_placed_at_with_a_rejection(shop):
    shop.put(build_order("A1"))
    answer = shop.put(build_order("A1", placed="2026-01-10T12:00:01Z", at="2026-01-11T12:00:00Z"))
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "placed_at")


def test_a_batch_row_by_row_in_the_order_sent(shop):
    rows = [
        build_order("B1", coupon="ANN"),
        {"order_id": "B2"},
        7,
        build_order("B1", **DONE),
        build_order("B3", coupon="NOBODY"),
    ]
    answer = shop.batch(rows)
    assert answer.status_code == 200
    results = answer.json()
    assert [row["outcome"] for row in results] == ["created", "rejected", "rejected", "updated", "created"]
    assert [row["order_id"] for row in results] == ["B1", "B2", None, "B1", "B3"]
    assert [set(row) for row in results] == [{"order_id", "outcome", "affiliate", "reason", "commission"}] * 5
    assert results[1]["reason"] == "updated_at: is required"
    assert (results[4]["affiliate"], results[4]["reason"], results[4]["commission"]) == (None, "coupon_unknown", "0.00")
    assert Reject.objects.filter(order_id="B2").exists()


def test_ndjson_with_a_half_written_last_line(shop):
    text = json.dumps(build_order("B1", coupon="ANN")) + "\n" + json.dumps(build_order("B2"))[:-20]
    results = shop.batch(text, NDJSON).json()
    assert [row["outcome"] for row in results] == ["created", "rejected"]
    assert "not JSON" in results[1]["reason"]


def test_a_duplicate_key_by_its_name_and_only_in_its_row(shop):
    good, bad = (
        json.dumps(build_order("B1")),
        json.dumps(build_order("B2")).replace('"status"', '"status": "paid", "status"'),
    )
    results = shop.batch(f"[{good}, {bad}]").json()
    assert [row["outcome"] for row in results] == ["created", "rejected"]
    assert results[1]["reason"].startswith("status:")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b" ", 400), (b"{", 400), (b"null", 400), (b"{}", 400), (b"\xff\xfe", 400), (b"\xef\xbb\xbf[]", 400),
        (b"[" * 20_000 + b"]" * 20_000, 400), (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400),
        (b" " * (10 * 1024 * 1024 + 1), 413), (b"[" + b"1," * 1000 + b"1]", 413),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_a_body_that_cannot_be_read(shop, body, status):
    answer = shop.batch(body)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "field"}
    assert not Order.objects.exists()


def test_an_empty_batch_with_no_results(shop):
    assert shop.batch([]).json() == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_another_media_type_with_415(shop, content_type):
    assert shop.batch(b"[]", content_type).status_code == 415
    assert shop.put(b"{}", content_type=content_type).status_code == 415


def test_a_compressed_body_with_415(shop):
    assert shop.batch(b"[]", **{"Content-Encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nonsense", "Basic abc", "Bearer \u00e4"])
def test_a_missing_or_wrong_key_with_401(shop, header):
    headers = {} if header is None else {"Authorization": header}
    answer = shop.client.get("/api/v1/orders/A1", headers=headers)
    assert (answer.status_code, answer.json()["error"]["field"]) == (401, "Authorization")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_revoked_key_with_401(shop):
    key, secret = api_keys.create(name="old", now=NOW, by=None)
    api_keys.revoke(key=key, reason="lost", now=NOW, by=None)
    assert Shop(secret).get("A1").status_code == 401


def test_a_key_that_is_too_narrow_with_403(shop):
    shop.put(build_order("A1", coupon="ANN"))
    reader = Shop(api_keys.create(name="reports", scopes=["orders:read"], now=NOW, by=None)[1])
    writer = Shop(api_keys.create(name="export", scopes=["orders:write"], now=NOW, by=None)[1])
    assert reader.get("A1").status_code == 200
    assert writer.put(build_order("A1", coupon="ANN")).status_code == 200
    assert writer.batch([]).status_code == 200
    for answer, scope in (
        (reader.put(build_order("A2"), "A2"), "orders:write"), (reader.batch([build_order("A2")]), "orders:write"),
        (writer.get("A1"), "orders:read"),
    ):  # fmt: skip
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["field"]) == (403, "scope_missing", "Authorization")
        assert scope in error["message"]
    assert Order.objects.count() == 1


def test_a_key_that_asks_too_often_with_429_and_when_to_ask_again(shop, settings):
    settings.API_REQUESTS_PER_MINUTE = 3
    other = Shop(api_keys.create(name="another", now=NOW, by=None)[1])
    with time_machine.travel("2026-11-22T12:00:18Z", tick=False):
        answers = [shop.put(build_order("A1", coupon="ANN")) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 200, 200, 429]
        assert answers[3]["Retry-After"] == "42"
        assert answers[3].json()["error"]["code"] == "too_many_requests"
        assert other.get("A1").status_code == 200
    with time_machine.travel("2026-11-22T12:01:00Z", tick=False):
        assert shop.get("A1").status_code == 200


def test_both_keys_of_an_overlap_and_the_new_one_alone_after_it(shop):
    old, secret = api_keys.create(name="export", now=NOW, by=None)
    _new, new_secret = api_keys.rotate(key=old, until=NOW + timedelta(days=7), now=NOW, by=None)
    with time_machine.travel(NOW + timedelta(days=6)):
        assert [Shop(one).get("A1").status_code for one in (secret, new_secret)] == [404, 404]
    with time_machine.travel(NOW + timedelta(days=8)):
        assert [Shop(one).get("A1").status_code for one in (secret, new_secret)] == [401, 404]


def test_a_fault_of_ours_with_500_in_the_form_of_every_error(shop, monkeypatch):
    monkeypatch.setattr("shops.api.order_responses.build_order_response", lambda _order_id: 1 // 0)
    shop.client.raise_request_exception = False
    answer = shop.get("A1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")


def test_a_get_with_the_order_whose_it_is_and_why(shop):
    shop.put(build_order("A1", ("jewelry-accessories", "10.10", "0.10"), **DONE))
    found = shop.get("A1").json()
    assert (found["affiliate"], found["reason"], found["clause"], found["commission"]) == (
        "ANN",
        "coupon",
        "3.5",
        "0.85",
    )
    [line] = found["lines"]
    assert (line["commission"]["base"], line["commission"]["rate"], line["commission"]["clause"]) == (
        "10.00",
        "8.50",
        "4.1",
    )
    assert line["commission"]["validates_at"] == "2026-02-11T12:00:00Z"
    assert [step["rule"] for step in line["commission"]["steps"]] == ["rate_card", "refunds", "rounding"]


def test_a_get_of_an_unknown_order_with_404(shop):
    answer = shop.get("nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_other_methods_and_addresses(shop):
    assert shop.client.delete("/api/v1/orders/A1", headers=shop.headers).status_code == 405
    assert shop.client.get("/api/v1/orders/batch", headers=shop.headers).status_code == 405
    assert shop.client.get("/api/v1/nothing", headers=shop.headers).status_code == 404


def test_a_reject_sent_again_once_its_cause_is_gone(shop):
    from shops import rejects

    send_orders(build_order("A1", currency="EUR", coupon="ANN"))
    reject = Reject.objects.get()
    assert "17850" not in reject.content
    Reject.objects.update(content=reject.content.replace("EUR", "USD"))
    result = rejects.resend(reject=Reject.objects.get(), now=NOW, by=None)
    assert (result.outcome, result.affiliate) == ("created", "ANN")
    assert Reject.objects.get().state == Reject.State.RESENT
    send_orders(build_order("A1", coupon="ANN"))
    assert OrderSnapshot.objects.count() == 1, "the customer's hash is the same as if it had been taken at once"


def test_the_first_commission_of_an_open_program_is_told_once(shop):
    from mail.models import Message

    open_program.open_program(now=NOW, by=None)
    shop.put(build_order("N0", ("home-decor", "10.00", "10.00"), coupon="ANN"), order_id="N0")
    assert not Message.objects.filter(kind="first_commission").exists(), "it earns nothing"
    shop.put(build_order("N0", ("home-decor", "10.00"), at="2026-01-10T13:00:00Z", coupon="ANN"), order_id="N0")
    assert Message.objects.filter(kind="first_commission").count() == 1, "0.50"
    for number in range(1, 3):
        shop.put(build_order(f"N{number}", coupon="ANN"), order_id=f"N{number}")
    assert list(Message.objects.filter(kind="first_commission").values_list("to", flat=True)) == ["ann@example.com"]


def test_the_first_commission_is_told_though_an_order_came_to_nothing_before(shop):
    from mail.models import Message

    open_program.open_program(now=NOW, by=None)
    shop.put(build_order("N0", ("home-decor", "10.00", "10.00"), coupon="ANN"), order_id="N0")
    shop.put(build_order("N1", ("home-decor", "10.00"), coupon="ANN"), order_id="N1")
    assert Message.objects.filter(kind="first_commission").count() == 1, "0.50"


def test_whose_commission_was_settled_before_is_told_of_no_first_one(shop):
    from mail.models import Message

    done = "2026-01-11T12:00:00Z"
    shop.put(build_order("N0", coupon="ANN", completed=done), order_id="N0")
    close_months("2026-01", "2026-02", now=NOW)
    back = build_order(
        "N0", ("home-decor", "100.00", "100.00"), at="2026-03-10T12:00:00Z", coupon="ANN", completed=done
    )
    assert shop.put(back, order_id="N0").json()["commission"] == "0.00"
    open_program.open_program(now=NOW, by=None)
    shop.put(build_order("N1", coupon="ANN"), order_id="N1")
    assert not Message.objects.filter(kind="first_commission").exists()


def test_the_first_commission_of_a_program_that_is_not_open_is_not_told(shop):
    from mail.models import Message

    shop.put(build_order("N0", coupon="ANN"), order_id="N0")
    open_program.open_program(now=NOW, by=None)
    shop.put(build_order("N1", coupon="ANN"), order_id="N1")
    assert not Message.objects.filter(kind="first_commission").exists()


@pytest.mark.parametrize(("spaces", "status"), [(0, 201), (10 * 1024 * 1024, 413)])
def test_a_body_that_comes_in_pieces_as_any_other(shop, spaces, status):
    request = RequestFactory().put("/api/v1/orders/A1", b"-", content_type=JSON, headers=shop.headers)
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    request.META["wsgi.input"] = io.BytesIO(json.dumps(build_order("A1", coupon="ANN")).encode() + b" " * spaces)
    assert views.order(request, order_id="A1").status_code == status


def test_that_a_settled_order_stays_whose_it_was(shop):
    from tests.scenarios import close_months

    shop.put(build_order("A1", **DONE))
    assert shop.get("A1").json()["attribution_frozen"] is False
    close_months("2026-01", "2026-02")
    answer = shop.put(build_order("A1", **DONE | {"coupon": "NOBODY", "at": "2026-03-05T12:00:00Z"}))
    assert (answer.json()["affiliate"], answer.json()["reason"]) == ("ANN", "attribution_frozen")
    assert (shop.get("A1").json()["affiliate"], shop.get("A1").json()["attribution_frozen"]) == ("ANN", True)


def test_that_a_settled_order_stays_won_by_what_won_it(shop):
    from affiliates.models import Affiliate
    from agreements.models import Program
    from tests.scenarios import close_months, parse_utc
    from tracking.clicks import click_ids

    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    link = tracking_links.create_link(
        affiliate=Affiliate.objects.get(), target="https://shop.example/", now=NOW, by=None
    )
    at = parse_utc("2026-01-10T11:00:00")
    click = click_ids.sign_click_id(link.pk, at, click_ids.generate_nonce(at))

    def tell(day: str, **claim: str | None) -> list[str]:
        """Both orders as they were first sent, but for `claim`; what each is won by then."""
        for name in ("A1", "B1"):
            sent = build_order(name, **DONE | {"at": day}) | {"coupon": None} | claim
            shop.put(sent, order_id=name)
        return [shop.get(name).json()["reason"] for name in ("A1", "B1")]

    shop.put(build_order("A1", **DONE))
    shop.put(build_order("B1", **DONE) | {"coupon": None, "click_id": click}, order_id="B1")
    won = [shop.get(name).json()["reason"] for name in ("A1", "B1")]
    assert won == ["coupon", "click"]
    close_months("2026-01", "2026-02")
    # The same affiliate by something else, then nobody: who asks in between must not make a difference.
    assert tell("2026-03-05T12:00:00Z", click_id=click) == won
    assert tell("2026-03-06T12:00:00Z", coupon="ANN") == won
    assert tell("2026-03-07T12:00:00Z", coupon="NOBODY") == won
    found = shop.put(build_order("A1", **DONE | {"at": "2026-03-08T12:00:00Z"})).json()
    assert (found["affiliate"], found["reason"]) == ("ANN", "coupon"), (
        "what it says is what won it: nothing had to be kept"
    )


def test_that_a_settled_order_keeps_what_is_known_of_the_click_that_won_it(shop):
    from affiliates.models import Affiliate
    from agreements.models import Program
    from tests.scenarios import close_months, parse_utc
    from tracking.clicks import click_ids, click_store

    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    at, clicks = parse_utc("2026-01-10T11:00:00"), {}
    for sub in ("newsletter", "elsewhere"):
        link = tracking_links.create_link(
            affiliate=Affiliate.objects.get(), target="https://shop.example/", now=NOW, by=None
        )
        nonce = click_ids.generate_nonce(at)
        clicks[sub] = click_ids.sign_click_id(link.pk, at, nonce)
        subs = (sub, "", "", "", "")
        row = click_store.ClickRow(nonce, link.pk, at, "counted", *subs, "198.51.100.0", "Firefox", "", "mobile")
        click_store.insert_rows(connection.cursor(), [row])
    shop.put(build_order("A1", **DONE) | {"coupon": None, "click_id": clicks["newsletter"]})
    assert Order.objects.get().sub1 == "newsletter"
    close_months("2026-01", "2026-02")
    later = DONE | {"at": "2026-03-05T12:00:00Z"}
    answer = shop.put(build_order("A1", **later) | {"coupon": None, "click_id": clicks["elsewhere"]})
    assert answer.json()["reason"] == "attribution_frozen"
    assert Order.objects.get().sub1 == "newsletter"
