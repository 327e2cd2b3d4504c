"""The orders API responds as specification 4 says."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.test import RequestFactory

from accounts import api_keys
from shops import rejects
from shops.api import views
from shops.models import Reject
from tests.scenarios import NOW, build_order, send_orders
from tests.shops.api_client import JSON, NDJSON, ApiClient
from tests.shops.conftest import COMPLETED
from tracking.models import Order, OrderSnapshot

pytestmark = pytest.mark.django_db


def test_put_status_follows_the_outcome(shop):
    first = build_order("A1", coupon="ANN")
    created = shop.put(first)
    assert created.status_code == 201
    assert created.json() == {
        "order_id": "A1", "outcome": "created", "affiliate": "ANN", "reason": "coupon", "commission": "5.00",
    }  # fmt: skip
    updated = shop.put(build_order("A1", **COMPLETED))
    assert (updated.status_code, updated.json()["outcome"]) == (200, "updated")
    again = shop.put(build_order("A1", **COMPLETED))
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
    stale = shop.put(build_order("A1", at="2026-01-11T12:00:00Z", coupon="ANN"))
    assert (stale.status_code, stale.json()["outcome"]) == (200, "stale")
    conflict = shop.put(build_order("A1", ("home-decor", "1.00"), **COMPLETED))
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "conflict")
    assert conflict.json()["error"]["field"] == "updated_at"
    rejected = shop.put(build_order("A1", ("home-decor", "-1.00"), **COMPLETED | {"at": "2026-01-13T12:00:00Z"}))
    assert rejected.status_code == 422
    assert rejected.json()["error"]["field"] == "lines[0].amount"
    assert Order.objects.get().commissions.get().amount == 5
    assert list(Reject.objects.order_by("received_at").values_list("outcome", flat=True)) == ["conflict", "rejected"]


def test_put_to_the_url_of_another_order_is_rejected(shop):
    response = shop.put(build_order("A2"), order_id="A1")
    assert (response.status_code, response.json()["error"]["field"]) == (422, "order_id")
    assert not OrderSnapshot.objects.exists()


def test_changed_placed_at_is_rejected(shop):
    shop.put(build_order("A1"))
    response = shop.put(build_order("A1", placed="2026-01-10T12:00:01Z", at="2026-01-11T12:00:00Z"))
    assert (response.status_code, response.json()["error"]["field"]) == (422, "placed_at")


def test_batch_returns_one_result_per_row_in_order(shop):
    rows = [
        build_order("B1", coupon="ANN"),
        {"order_id": "B2"},
        7,
        build_order("B1", **COMPLETED),
        build_order("B3", coupon="UNKNOWN"),
    ]
    response = shop.batch(rows)
    assert response.status_code == 200
    results = response.json()
    assert [row["outcome"] for row in results] == ["created", "rejected", "rejected", "updated", "created"]
    assert [row["order_id"] for row in results] == ["B1", "B2", None, "B1", "B3"]
    assert [set(row) for row in results] == [{"order_id", "outcome", "affiliate", "reason", "commission"}] * 5
    assert results[1]["reason"] == "updated_at: is required"
    assert (results[4]["affiliate"], results[4]["reason"], results[4]["commission"]) == (None, "coupon_unknown", "0.00")
    assert Reject.objects.filter(order_id="B2").exists()


def test_ndjson_line_cut_short_rejects_only_itself(shop):
    text = json.dumps(build_order("B1", coupon="ANN")) + "\n" + json.dumps(build_order("B2"))[:-20]
    results = shop.batch(text, NDJSON).json()
    assert [row["outcome"] for row in results] == ["created", "rejected"]
    assert "not JSON" in results[1]["reason"]


def test_duplicate_key_rejects_only_its_row(shop):
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
        (b" ", 400), (b"{", 400), (b"null", 400), (b"{}", 400), (b"\xff\xfe", 400), (b"\xef\xbb\xbf" * 2 + b"[]", 400),
        (b"[" * 20_000 + b"]" * 20_000, 400), (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400),
        (b" " * (10 * 1024 * 1024 + 1), 413), (b"[" + b"1," * 1000 + b"1]", 413),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_unreadable_body_is_refused(shop, body, status):
    response = shop.batch(body)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"code", "message", "field"}
    assert not Order.objects.exists()


def test_empty_batch_returns_no_results(shop):
    assert shop.batch([]).json() == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_other_media_type_returns_415(shop, content_type):
    assert shop.batch(b"[]", content_type).status_code == 415
    assert shop.put(b"{}", content_type=content_type).status_code == 415


def test_compressed_body_returns_415(shop):
    assert shop.batch(b"[]", **{"Content-Encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nonsense", "Basic abc", "Bearer \u00e4"])
def test_missing_or_wrong_key_returns_401(shop, header):
    headers = {} if header is None else {"Authorization": header}
    response = shop.client.get("/api/v1/orders/A1", headers=headers)
    assert (response.status_code, response.json()["error"]["field"]) == (401, "Authorization")
    assert response["WWW-Authenticate"] == "Bearer"


def test_revoked_key_returns_401(shop):
    key, secret = api_keys.create(name="old", now=NOW, by=None)
    api_keys.revoke(key=key, reason="lost", now=NOW, by=None)
    assert ApiClient(secret).get("A1").status_code == 401


def test_key_without_the_scope_returns_403(shop):
    shop.put(build_order("A1", coupon="ANN"))
    reader = ApiClient(api_keys.create(name="reports", scopes=["orders:read"], now=NOW, by=None)[1])
    writer = ApiClient(api_keys.create(name="export", scopes=["orders:write"], now=NOW, by=None)[1])
    assert reader.get("A1").status_code == 200
    assert writer.put(build_order("A1", coupon="ANN")).status_code == 200
    assert writer.batch([]).status_code == 200
    for response, scope in (
        (reader.put(build_order("A2"), "A2"), "orders:write"), (reader.batch([build_order("A2")]), "orders:write"),
        (writer.get("A1"), "orders:read"),
    ):  # fmt: skip
        error = response.json()["error"]
        assert (response.status_code, error["code"], error["field"]) == (403, "scope_missing", "Authorization")
        assert scope in error["message"]
    assert Order.objects.count() == 1


def test_rate_limit_returns_429_with_retry_after(shop, settings):
    settings.API_REQUESTS_PER_MINUTE = 3
    other = ApiClient(api_keys.create(name="another", now=NOW, by=None)[1])
    with time_machine.travel("2026-11-22T12:00:18Z", tick=False):
        responses = [shop.put(build_order("A1", coupon="ANN")) for _ in range(4)]
        assert [response.status_code for response in responses] == [201, 200, 200, 429]
        assert responses[3]["Retry-After"] == "42"
        assert responses[3].json()["error"]["code"] == "too_many_requests"
        assert other.get("A1").status_code == 200
    with time_machine.travel("2026-11-22T12:01:00Z", tick=False):
        assert shop.get("A1").status_code == 200


def test_rotated_key_works_until_the_overlap_ends(shop):
    old, secret = api_keys.create(name="export", now=NOW, by=None)
    _new, new_secret = api_keys.rotate(key=old, until=NOW + timedelta(days=7), now=NOW, by=None)
    with time_machine.travel(NOW + timedelta(days=6)):
        assert [ApiClient(each).get("A1").status_code for each in (secret, new_secret)] == [404, 404]
    with time_machine.travel(NOW + timedelta(days=8)):
        assert [ApiClient(each).get("A1").status_code for each in (secret, new_secret)] == [401, 404]


def test_server_error_has_an_error_body(shop, monkeypatch):
    monkeypatch.setattr("shops.api.order_responses.build_order_response", lambda _order_id: 1 // 0)
    shop.client.raise_request_exception = False
    response = shop.get("A1")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal")


def test_get_returns_attribution_and_commission(shop):
    shop.put(build_order("A1", ("jewelry-accessories", "10.10", "0.10"), **COMPLETED))
    order = shop.get("A1").json()
    assert (order["affiliate"], order["reason"], order["clause"], order["commission"]) == (
        "ANN",
        "coupon",
        "3.5",
        "0.85",
    )
    [line] = order["lines"]
    assert (line["commission"]["base"], line["commission"]["rate"], line["commission"]["clause"]) == (
        "10.00",
        "8.50",
        "4.1",
    )
    assert line["commission"]["validates_at"] == "2026-02-11T12:00:00Z"
    assert [step["rule"] for step in line["commission"]["steps"]] == ["rate_card", "refunds", "rounding"]


def test_get_of_unknown_order_returns_404(shop):
    response = shop.get("nothing")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_unknown_method_returns_405_and_unknown_url_404(shop):
    assert shop.client.delete("/api/v1/orders/A1", headers=shop.headers).status_code == 405
    assert shop.client.delete("/api/v1/orders/batch", headers=shop.headers).status_code == 405
    assert shop.client.get("/api/v1/nothing", headers=shop.headers).status_code == 404


def test_resent_reject_is_accepted_once_its_cause_is_gone(shop):
    send_orders(build_order("A1", currency="EUR", coupon="ANN"))
    reject = Reject.objects.get()
    assert "17850" not in reject.content
    Reject.objects.update(content=reject.content.replace("EUR", "USD"))
    result = rejects.resend(reject=Reject.objects.get(), now=NOW, by=None)
    assert result
    assert (result.outcome, result.affiliate) == ("created", "ANN")
    assert Reject.objects.get().state == Reject.State.RESENT
    send_orders(build_order("A1", coupon="ANN"))
    assert OrderSnapshot.objects.count() == 1, "the customer hash is the same as without a rejection"


@pytest.mark.parametrize(("spaces", "status"), [(0, 201), (10 * 1024 * 1024, 413)])
def test_chunked_body_is_accepted_within_the_size_limit(shop, spaces, status):
    request = RequestFactory().put("/api/v1/orders/A1", b"-", content_type=JSON, headers=shop.headers)
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    request.META["wsgi.input"] = io.BytesIO(json.dumps(build_order("A1", coupon="ANN")).encode() + b" " * spaces)
    assert views.order(request, order_id="A1").status_code == status
