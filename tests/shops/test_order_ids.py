"""Order ids in URLs, byte order marks and requests without a valid key (specification 4)."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts import api_keys
from accounts.models import ApiKey
from lib import rate_limits
from lib.rate_limits import Limiter
from shops.models import Reject
from tests.scenarios import NOW, build_order
from tests.shops.api_client import ApiClient
from tracking.models import Order

pytestmark = pytest.mark.django_db
MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("path", "order_id"),
    [
        ("GB%2F1001", "GB/1001"), ("GB/1001", "GB/1001"), ("%2F1001", "/1001"), ("1001/", "1001/"), ("a%20b", "a b"),
        ("%20", " "), ("a%0Ab", "a\nb"), ("a%0A", "a\n"), ("%C3%A4", "ä"), ("x" * 65, "x" * 65), ("%231001", "#1001"),
        ("a%3Fb", "a?b"), ("%25", "%"), ("a%5Cb", "a\\b"), ("a%E2%80%8B", "a\u200b"), ("a%00", "a\0"), ("", ""),
    ],
)  # fmt: skip
def test_order_id_that_is_not_allowed_is_refused_by_field_and_kept(shop: ApiClient, path: str, order_id: str) -> None:
    for body_id, cause in ((order_id, "order_id"), ("A1", "order_id")):
        response = shop.put(build_order(body_id), order_id=path)
        assert (response.status_code, response.json()["error"]["field"]) == (422, cause), body_id
    assert Reject.objects.filter(field="order_id").count() == 2
    assert not Order.objects.exists()
    assert shop.get(path).json()["error"] | {"message": ""} == {"code": "not_found", "message": "", "field": "order_id"}


@pytest.mark.parametrize("order_id", ["batch", "..", ".", "-", "_", "x" * 64, "BATCH", "0"])
def test_order_id_of_allowed_characters_is_stored_and_read(shop: ApiClient, order_id: str) -> None:
    path = order_id.replace(".", "%2E")
    assert shop.put(build_order(order_id), order_id=path).status_code == 201
    assert shop.get(path).json()["order_id"] == order_id
    assert shop.put(build_order("A1"), order_id=path).json()["error"]["field"] == "order_id"


def test_byte_order_mark_at_the_start_of_a_body_is_ignored(shop: ApiClient) -> None:
    one, two = (json.dumps(build_order(order_id)).encode() for order_id in ("A1", "A2"))
    assert shop.put(MARK + one).status_code == 201
    assert shop.batch(MARK + b"[" + one + b"]").json()[0]["outcome"] == "unchanged"
    rows = shop.batch(MARK + one + b"\n" + two + b"\n", "application/x-ndjson").json()
    assert [row["outcome"] for row in rows] == ["unchanged", "created"]
    assert shop.batch(MARK, "application/x-ndjson").json() == []
    assert not Reject.objects.exists()


def test_byte_order_mark_at_the_start_of_a_file_is_ignored(shop: ApiClient, tmp_path, capsys) -> None:
    file = tmp_path / "orders.jsonl"
    rows = [json.dumps(build_order(order_id)).encode() for order_id in ("A1", "A2")]
    file.write_bytes(MARK + b"\n".join(rows))
    call_command("load_orders", str(file), "--strict")
    assert capsys.readouterr().out == "created=2 updated=0 unchanged=0 stale=0 conflict=0 rejected=0\n"
    file.write_bytes(MARK)
    call_command("load_orders", str(file))
    assert capsys.readouterr().out == "created=0 updated=0 unchanged=0 stale=0 conflict=0 rejected=0\n"


class UnreadBody(io.RawIOBase):
    """A body that must not be read."""

    def read(self, *_args: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = readinto = read


def request_unread(method: str, path: str, authorization: str | None, **environ: str) -> int:
    """Send a request whose body raises an error when it is read; return the status."""
    values = {"REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "1000"}
    if authorization is not None:
        values["HTTP_AUTHORIZATION"] = authorization
    return int(Client().request(**values | environ | {"wsgi.input": UnreadBody()}).status_code)


def create_key(*, revoked: bool = False, scopes: tuple[str, ...] | None = None) -> str:
    key, secret = api_keys.create(name="a key", scopes=scopes, now=NOW, by=None)
    if revoked:
        api_keys.revoke(key=ApiKey.objects.get(pk=key.pk), reason="A test.", now=NOW, by=None)
    return secret


ENDPOINTS = [
    ("PUT", "/api/v1/orders/A1"), ("GET", "/api/v1/orders/A1"), ("POST", "/api/v1/orders/batch"),
    ("PUT", "/api/v1/orders/batch"), ("PUT", "/api/v1/orders/GB/1"), ("POST", "/api/v1/orders/"),
]  # fmt: skip


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_request_without_a_valid_key_is_answered_before_its_body_is_read(
    shop: ApiClient, method: str, path: str, chunked: bool
) -> None:
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""} if chunked else {}
    for authorization in (
        None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", f"Token {create_key()}", "Bearer \udc80",
        f"Bearer {create_key(revoked=True)}",
    ):  # fmt: skip
        assert request_unread(method, path, authorization, **environ) == 401, authorization


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_request_that_its_key_does_not_allow_is_answered_before_its_body_is_read(
    shop: ApiClient, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/api/v1/orders/batch" if method == "POST" else "/api/v1/orders/A1"
    assert request_unread(method, path, f"Bearer {create_key(scopes=('orders:read',))}") == 403
    monkeypatch.setattr(rate_limits, "_limiter", Limiter())
    monkeypatch.setattr(rate_limits, "count_request", lambda **_: 7)
    assert request_unread(method, path, f"Bearer {create_key()}") == 429
