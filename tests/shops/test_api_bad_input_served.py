"""Bad input to the program behind its web server is refused within a second, for 50 MiB at most, and nothing of it stays:"""

import gzip
import json
from collections.abc import Iterator

import pytest

from accounts import api_keys
from shops.models import Reject
from tests.scenarios import NOW, build_order, create_program
from tests.web_server import MeasuredResponse, WebServer, run_web_server
from tracking.models import Order, OrderSnapshot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial, pytest.mark.slow]
MOST = 10 * 1024 * 1024
JSON, NDJSON = "application/json", "application/x-ndjson"
BATCH, ONE = ("POST", "/api/v1/orders/batch"), ("PUT", "/api/v1/orders/A1")


def filled(pattern: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    """A body of nearly 10 MiB."""
    times = (MOST - len(before) - len(after)) // len(pattern)
    return before + pattern * times + after


def in_pieces(body: bytes) -> Iterator[bytes]:
    """Sent chunk by chunk, without its length."""
    for at in range(0, len(body), 65_536):
        yield body[at : at + 65_536]


def bomb() -> bytes:
    """A gigabyte of zeros in a megabyte."""
    block = gzip.compress(bytes(1024 * 1024), 9)
    return block * 1024


def split(at: str) -> tuple[bytes, bytes]:
    """A good order, to be filled behind the first `at`."""
    before, found, after = json.dumps(build_order("A1")).partition(at)
    return (before + found).encode(), after.encode()


HUGE = {
    "10 MiB + 1": (BATCH, b" " * (MOST + 1), JSON, 413, "too_large"),
    "10 MiB + 1 to one order": (ONE, b" " * (MOST + 1), JSON, 413, "too_large"),
    "64 MiB": (BATCH, b" " * (64 * 1024 * 1024), JSON, 413, "too_large"),
    "10 MiB of spaces": (BATCH, b" " * MOST, JSON, 400, "unreadable"),
    "arrays nested 20,000 deep": (BATCH, b"[" * 20_000 + b"]" * 20_000, JSON, 400, "unreadable"),
    "objects nested 20,000 deep": (ONE, b'{"a":' * 20_000 + b"1" + b"}" * 20_000, JSON, 400, "unreadable"),
    "10 MiB of brackets": (BATCH, b"[" * MOST, JSON, 413, "too_many_values"),
    "10 MiB of numbers": (BATCH, filled(b"1,", b"[", b"1]"), JSON, 413, "too_many_values"),
    "10 MiB of empty arrays": (ONE, filled(b"[],", b'{"lines":[', b"1]}"), JSON, 413, "too_many_values"),
    "10 MiB of one key": (ONE, filled(b'"a":1,', b"{", b'"a":1}'), JSON, 413, "too_many_values"),
    "10 MiB of one text": (ONE, filled(b"x", b'{"order_id":"', b'"}'), JSON, 422, "rejected"),
    "10 MiB of one number": (ONE, filled(b"9", b'{"order_id":', b"}"), JSON, 422, "rejected"),
    "10 MiB of one title": (ONE, filled(b"x", *split('"WHITE')), JSON, 422, "rejected"),
    "10 MiB of commas in a text": (ONE, filled(b",", b'{"order_id":"', b'"}'), JSON, 422, "rejected"),
    "10 MiB of one line": (BATCH, filled(b"{}", b"", b""), NDJSON, 413, "too_many_values"),
    "10 MiB that is no UTF-8": (BATCH, filled(b"\xff"), JSON, 400, "unreadable"),
    "a gzip bomb that says so": (BATCH, bomb(), JSON, 415, "unsupported_media_type"),
    "10 MiB of another type": (BATCH, b" " * MOST, "text/plain", 415, "unsupported_media_type"),
}


@pytest.fixture
def shop() -> Iterator[tuple[WebServer, str]]:
    create_program("2026-01-01")
    secret = api_keys.create(name="the shop", now=NOW, by=None)[1]
    with run_web_server() as server:
        # What is made once, for the first order, is no cost of a bad one.
        for number in range(3):
            server.request(
                "PUT", f"/api/v1/orders/W{number}", json.dumps(build_order(f"W{number}")).encode(), **signed(secret)
            )
        yield server, secret


def signed(secret: str, content_type: str = JSON, **other: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Content-Type": content_type} | other


def test_of_any_size_and_form(shop):
    server, secret = shop
    for name, ((method, path), body, content_type, status, code) in HUGE.items():
        more = {"Content-Encoding": "gzip"} if "gzip" in name else {}
        check(name, server.request(method, path, body, **signed(secret, content_type, **more)), status, code)
    unchanged()


def test_in_pieces_without_a_length(shop):
    server, secret = shop
    for name in ("10 MiB + 1", "64 MiB", "10 MiB of brackets", "objects nested 20,000 deep", "10 MiB that is no UTF-8"):
        (method, path), body, content_type, status, code = HUGE[name]
        headers = signed(secret, content_type, **{"Transfer-Encoding": "chunked"})
        check(name, server.request(method, path, in_pieces(body), **headers), status, code)
    unchanged()


def test_without_a_key(shop):
    server, _secret = shop
    check("no key", server.request("POST", BATCH[1], HUGE["64 MiB"][1], **signed("nonsense")), 401, "unauthorized")


def check(name: str, answer: MeasuredResponse, status: int, code: str) -> None:
    said = f"{name}: {answer.status} {answer.body[:200]!r} in {answer.seconds:.2f} s for {answer.mebibytes:.0f} MiB"
    assert answer.status == status, said
    error = json.loads(answer.body)["error"]
    assert (error["code"], bool(error["message"])) == (code, True), said
    assert answer.seconds < 1, said
    assert answer.mebibytes < 50, said


def unchanged() -> None:
    """But for the orders that warmed the server up, and refused rows in the inbox."""
    assert set(Order.objects.values_list("order_id", flat=True)) == {"W0", "W1", "W2"}
    assert OrderSnapshot.objects.count() == 3
    assert {reject.outcome for reject in Reject.objects.all()} <= {"rejected"}


def test_a_body_in_pieces_that_is_good_is_taken(shop):
    server, secret = shop
    headers = signed(secret, **{"Transfer-Encoding": "chunked"})
    answer = server.request("PUT", ONE[1], in_pieces(json.dumps(build_order("A1")).encode()), **headers)
    assert (answer.status, json.loads(answer.body)["outcome"]) == (201, "created")
