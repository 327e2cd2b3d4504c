"""Reading what is sent to the API: its type and size before its content, then strictly (CONTRACT 4, RELIABILITY 3)."""

import re
import time
from io import BytesIO
from itertools import islice
from typing import Any

from django.http import HttpRequest

from shops import intake, strict_json
from shops.api.problems import Problem
from shops.intake import BATCH
from shops.strict_json import Unreadable

MOST_BYTES = 10 * 1024 * 1024
JSON = "application/json"
NDJSON = "application/x-ndjson"
# 10 MiB of orders have fewer; of nothing but brackets they have ten times as many, which would take a gigabyte.
MOST_VALUES = 1_000_000
# Of a body that is refused unread, so much is read to its end, in pieces, and no longer than this.
DRAINED = 128 * 1024 * 1024
DRAINED_SECONDS = 5.0
PIECE = 64 * 1024

_TEXT_OR_VALUE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|([,\[{])', re.DOTALL)
_LINE = re.compile(rb"[^\n]+")


def one(request: HttpRequest) -> Any:
    """The value of a body that is one JSON value."""
    try:
        return strict_json.parse(strict_json.decode(_bytes(request, JSON)))
    except Unreadable as error:
        raise _unreadable(error) from None


def rows(request: HttpRequest) -> list[Any]:
    """The rows of a batch: of a JSON array, or one a line; what is wrong with a line is found out with the row."""
    body = _bytes(request, JSON, NDJSON)
    found = _lines(body) if request.content_type == NDJSON else _array(body)
    if len(found) > BATCH:
        raise Problem("too_many_rows", f"A batch has at most {BATCH:,} rows.")
    return found


def _array(body: bytes) -> list[Any]:
    try:
        found = strict_json.parse_array(strict_json.decode(body), BATCH)
    except Unreadable as error:
        raise _unreadable(error) from None
    if found is None:
        raise Problem("not_an_array", "The body must be a JSON array of snapshots.")
    return found


def _lines(body: bytes) -> list[Any]:
    filled = (line[0] for line in _LINE.finditer(body) if line[0].strip())
    return [intake.parse_line(line) for line in islice(filled, BATCH + 1)]


def _unreadable(error: Unreadable) -> Problem:
    return Problem("unreadable", f"The body {error}.")


def _bytes(request: HttpRequest, *types: str) -> bytes:
    """The body, read from the server itself: Django takes one of unknown length for empty, and keeps what it reads."""
    if request.content_type not in types or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem("unsupported_media_type", f"Send {' or '.join(types)}, not compressed.", "Content-Type")
    length = _length(request)
    body: bytes = request.META["wsgi.input"].read(MOST_BYTES + 1 if length is None else length) if length != 0 else b""
    if len(body) > MOST_BYTES:
        raise _too_large()
    request.META["wsgi.input"] = BytesIO()
    if _has_too_many_values(body):
        raise Problem("too_many_values", f"A body has at most {MOST_VALUES:,} values.")
    return body


def _length(request: HttpRequest) -> int | None:
    """The length that the request states, within the limit; None for one that comes in chunks."""
    if _chunked(request):
        return None
    length = request.headers.get("Content-Length") or "0"
    if not re.fullmatch(r"\d{1,18}", length, re.ASCII) or int(length) > MOST_BYTES:
        raise _too_large()
    return int(length)


def _chunked(request: HttpRequest) -> bool:
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def _too_large() -> Problem:
    return Problem("too_large", "A body has at most 10 MiB.", "Content-Length")


def _has_too_many_values(body: bytes) -> bool:
    """Whether there are more commas and opening brackets outside of texts than MOST_VALUES; counted closely only where
    those within texts could matter."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") <= MOST_VALUES:
        return False
    values = (found for found in _TEXT_OR_VALUE.finditer(body) if found[1])
    return next(islice(values, MOST_VALUES, None), None) is not None


def leave_nothing(request: HttpRequest) -> None:
    """Read what a refusal has left of the body, up to DRAINED: a server that closes while somebody sends takes its answer
    with it, and the sender sees a broken connection where a status was meant."""
    stated = request.headers.get("Content-Length") or "0"
    left = DRAINED if _chunked(request) or not stated.isdecimal() else min(int(stated), DRAINED)
    ends = time.monotonic() + DRAINED_SECONDS
    while left > 0 and time.monotonic() < ends:
        piece = request.META["wsgi.input"].read(min(left, PIECE))
        if not piece:
            return
        left -= len(piece)
