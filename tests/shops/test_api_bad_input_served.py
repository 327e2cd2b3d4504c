"""Bad input through the web server is refused in 50 MiB of memory and not stored; `benchmarks/bad_input.py` measures time."""

import gzip
import json
from collections.abc import Iterator

import pytest

from accounts import api_keys
from shops.models import Reject
from tests.scenarios import NOW, build_order, create_program
from tests.web_server import MeasuredResponse, WebServer, run_web_server
from tracking.models import Order, OrderSnapshot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
MAX_BYTES = 10 * 1024 * 1024
MOST_MEBIBYTES = 50
JSON, NDJSON = "application/json", "application/x-ndjson"
BATCH, ONE = ("POST", "/api/v1/orders/batch"), ("PUT", "/api/v1/orders/A1")


def fill(pattern: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    """Return a body of nearly 10 MiB."""
    times = (MAX_BYTES - len(before) - len(after)) // len(pattern)
    return before + pattern * times + after


def split_chunks(body: bytes) -> Iterator[bytes]:
    """Yield the body in chunks, which are sent without its length."""
    for at in range(0, len(body), 65_536):
        yield body[at : at + 65_536]


def build_gzip_bomb() -> bytes:
    """Return a gigabyte of zeros in a megabyte."""
    block = gzip.compress(bytes(1024 * 1024), 9)
    return block * 1024


def split_order(at: str) -> tuple[bytes, bytes]:
    """Return a valid order, split behind the first `at`."""
    before, separator, after = json.dumps(build_order("A1")).partition(at)
    return (before + separator).encode(), after.encode()


HUGE = {
    "10 MiB + 1": (BATCH, b" " * (MAX_BYTES + 1), JSON, 413, "too_large"),
    "10 MiB + 1 to one order": (ONE, b" " * (MAX_BYTES + 1), JSON, 413, "too_large"),
    "64 MiB": (BATCH, b" " * (64 * 1024 * 1024), JSON, 413, "too_large"),
    "10 MiB of spaces": (BATCH, b" " * MAX_BYTES, JSON, 400, "unreadable"),
    "arrays nested 20,000 deep": (BATCH, b"[" * 20_000 + b"]" * 20_000, JSON, 400, "unreadable"),
    "objects nested 20,000 deep": (ONE, b'{"a":' * 20_000 + b"1" + b"}" * 20_000, JSON, 400, "unreadable"),
    "10 MiB of brackets": (BATCH, b"[" * MAX_BYTES, JSON, 413, "too_many_values"),
    "10 MiB of numbers": (BATCH, fill(b"1,", b"[", b"1]"), JSON, 413, "too_many_values"),
    "10 MiB of empty arrays": (ONE, fill(b"[],", b'{"lines":[', b"1]}"), JSON, 413, "too_many_values"),
    "10 MiB of one key": (ONE, fill(b'"a":1,', b"{", b'"a":1}'), JSON, 413, "too_many_values"),
    "10 MiB of one string": (ONE, fill(b"x", b'{"order_id":"', b'"}'), JSON, 422, "rejected"),
    "10 MiB of one number": (ONE, fill(b"9", b'{"order_id":', b"}"), JSON, 422, "rejected"),
    "10 MiB of one title": (ONE, fill(b"x", *split_order('"WHITE')), JSON, 422, "rejected"),
    "10 MiB of commas in a string": (ONE, fill(b",", b'{"order_id":"', b'"}'), JSON, 422, "rejected"),
    "10 MiB of one line": (BATCH, fill(b"{}", b"", b""), NDJSON, 413, "too_many_values"),
    "10 MiB of bad UTF-8": (BATCH, fill(b"\xff"), JSON, 400, "unreadable"),
    "gzip bomb": (BATCH, build_gzip_bomb(), JSON, 415, "unsupported_media_type"),
    "10 MiB of another type": (BATCH, b" " * MAX_BYTES, "text/plain", 415, "unsupported_media_type"),
}


@pytest.fixture
def shop() -> Iterator[tuple[WebServer, str]]:
    create_program("2026-01-01")
    secret = api_keys.create(name="the shop", now=NOW, by=None)[1]
    with run_web_server() as server:
        # Warm up, so that only the bad bodies are measured.
        for number in range(3):
            server.request(
                "PUT",
                f"/api/v1/orders/W{number}",
                json.dumps(build_order(f"W{number}")).encode(),
                **build_headers(secret),
            )
        yield server, secret


def build_headers(secret: str, content_type: str = JSON, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Content-Type": content_type} | more


def test_huge_bodies_are_refused_in_little_memory(shop):
    server, secret = shop
    for name, ((method, path), body, content_type, status, code) in HUGE.items():
        more = {"Content-Encoding": "gzip"} if "gzip" in name else {}
        headers = build_headers(secret, content_type, **more)
        check_response(name, measure(server, method, path, body, headers), status, code)
    assert_nothing_stored()


def test_chunked_bodies_are_refused(shop):
    server, secret = shop
    for name in ("10 MiB + 1", "64 MiB", "10 MiB of brackets", "objects nested 20,000 deep", "10 MiB of bad UTF-8"):
        (method, path), body, content_type, status, code = HUGE[name]
        headers = build_headers(secret, content_type, **{"Transfer-Encoding": "chunked"})
        check_response(name, measure(server, method, path, body, headers), status, code)
    assert_nothing_stored()


def test_body_without_a_valid_key_is_refused(shop):
    server, _secret = shop
    check_response(
        "no key", server.request("POST", BATCH[1], b" " * 10_000, **build_headers("nonsense")), 401, "unauthorized"
    )


def measure(server: WebServer, method: str, path: str, body: bytes, headers: dict[str, str]) -> MeasuredResponse:
    is_chunked = "Transfer-Encoding" in headers
    return server.request_within(
        MOST_MEBIBYTES, method, path, lambda: split_chunks(body) if is_chunked else body, **headers
    )


def check_response(name: str, response: MeasuredResponse, status: int, code: str) -> None:
    summary = f"{name}: {response.status} {response.body[:200]!r} for {response.mebibytes:.0f} MiB"
    assert response.status == status, summary
    error = json.loads(response.body)["error"]
    assert (error["code"], bool(error["message"])) == (code, True), summary
    assert response.mebibytes < MOST_MEBIBYTES, summary


def assert_nothing_stored() -> None:
    """Check that only the warm-up orders and the rejects are stored."""
    assert set(Order.objects.values_list("order_id", flat=True)) == {"W0", "W1", "W2"}
    assert OrderSnapshot.objects.count() == 3
    assert {reject.outcome for reject in Reject.objects.all()} <= {"rejected"}


def test_valid_chunked_body_is_accepted(shop):
    server, secret = shop
    headers = build_headers(secret, **{"Transfer-Encoding": "chunked"})
    response = server.request("PUT", ONE[1], split_chunks(json.dumps(build_order("A1")).encode()), **headers)
    assert (response.status, json.loads(response.body)["outcome"]) == (201, "created")
