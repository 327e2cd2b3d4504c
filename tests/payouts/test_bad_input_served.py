"""Bad input to the program behind its web server is refused within a second, for 50 MiB at most, and nothing of it stays: """

import gzip
import json
from collections.abc import Iterator

import pytest

from accounts import api_keys
from tests.served import Served, served
from tests.worlds import NOW, begin, order
from tracking.models import Order, OrderSnapshot, Reject

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
    "10 MiB of commas in a text": (ONE, filled(b",", b'{"order_id":"', b'"}'), JSON, 422, "rejected"),
    "10 MiB of one line": (BATCH, filled(b"{}", b"", b""), NDJSON, 413, "too_many_values"),
    "10 MiB that is no UTF-8": (BATCH, filled(b"\xff"), JSON, 400, "unreadable"),
    "a gzip bomb that says so": (BATCH, bomb(), JSON, 415, "unsupported_media_type"),
    "10 MiB of another type": (BATCH, b" " * MOST, "text/plain", 415, "unsupported_media_type"),
}


@pytest.fixture
def shop() -> Iterator[tuple[Served, str]]:
    begin("2026-01-01")
    secret = api_keys.create(name="the shop", now=NOW, by=None)[1]
    with served() as server:
        # What is made once, for the first order, is no cost of a bad one.
        for number in range(3):
            server.ask("PUT", f"/api/v1/orders/W{number}", json.dumps(order(f"W{number}")), **signed(secret))
        yield server, secret


def signed(secret: str, content_type: str = JSON, **other: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Content-Type": content_type} | other


def test_whatever_its_size_or_form(shop):
    server, secret = shop
    Reject.objects.all().delete()
    for name, ((method, path), body, content_type, status, code) in HUGE.items():
        more = {"Content-Encoding": "gzip"} if "gzip" in name else {}
        answer = server.ask(method, path, body, **signed(secret, content_type, **more))
        print(f"{name:40} {answer.status} {answer.seconds:.3f} s {answer.mebibytes:5.1f} MiB {answer.body[:100]!r}")
