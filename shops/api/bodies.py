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
from shops.strict_json import UnreadableInput

MAX_BYTES = 10 * 1024 * 1024
JSON = "application/json"
NDJSON = "application/x-ndjson"
# 10 MiB of orders have fewer; of nothing but brackets they have ten times as many, which would take a gigabyte.
MAX_VALUES = 1_000_000
# Of a body that is refused unread, so much is read to its end, in pieces, and no longer than this.
MAX_DRAINED_BYTES = 128 * 1024 * 1024
MAX_DRAIN_SECONDS = 5.0
CHUNK_BYTES = 64 * 1024

_TEXT_OR_VALUE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|([,\[{])', re.DOTALL)
_LINE = re.compile(rb"[^\n]+")


def read_value(request: HttpRequest) -> Any:
    """The value of a body that is one JSON value."""
    try:
        return strict_json.parse_json(strict_json.decode_utf8(_read_body(request, JSON)))
    except UnreadableInput as error:
        raise _build_unreadable_problem(error) from None


def read_rows(request: HttpRequest) -> list[Any]:
    """The rows of a batch: of a JSON array, or one a line; what is wrong with a line is found out with the row."""
    body = _read_body(request, JSON, NDJSON)
    found = _parse_lines(body) if request.content_type == NDJSON else _parse_array(body)
    if len(found) > BATCH:
        raise Problem("too_many_rows", f"A batch has at most {BATCH:,} rows.")
    return found


def _parse_array(body: bytes) -> list[Any]:
    try:
        found = strict_json.parse_json_array(strict_json.decode_utf8(body), BATCH)
    except UnreadableInput as error:
        raise _build_unreadable_problem(error) from None
    if found is None:
        raise Problem("not_an_array", "The body must be a JSON array of snapshots.")
    return found


def _parse_lines(body: bytes) -> list[Any]:
    filled = (line[0] for line in _LINE.finditer(body) if line[0].strip())
    return [intake.parse_line(line) for line in islice(filled, BATCH + 1)]


def _build_unreadable_problem(error: UnreadableInput) -> Problem:
    return Problem("unreadable", f"The body {error}.")


def _read_body(request: HttpRequest, *types: str) -> bytes:
    """The body, read from the server itself: Django takes one of unknown length for empty, and keeps what it reads."""
    if request.content_type not in types or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem("unsupported_media_type", f"Send {' or '.join(types)}, not compressed.", "Content-Type")
    length = _get_content_length(request)
    body: bytes = request.META["wsgi.input"].read(MAX_BYTES + 1 if length is None else length) if length != 0 else b""
    if len(body) > MAX_BYTES:
        raise _build_too_large_problem()
    request.META["wsgi.input"] = BytesIO()
    if _has_too_many_values(body):
        raise Problem("too_many_values", f"A body has at most {MAX_VALUES:,} values.")
    return body


def _get_content_length(request: HttpRequest) -> int | None:
    """The length that the request states, within the limit; None for one that comes in chunks."""
    if _is_chunked(request):
        return None
    length = request.headers.get("Content-Length") or "0"
    if not re.fullmatch(r"\d{1,18}", length, re.ASCII) or int(length) > MAX_BYTES:
        raise _build_too_large_problem()
    return int(length)


def _is_chunked(request: HttpRequest) -> bool:
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def _build_too_large_problem() -> Problem:
    return Problem("too_large", "A body has at most 10 MiB.", "Content-Length")


def _has_too_many_values(body: bytes) -> bool:
    """Whether there are more commas and opening brackets outside of texts than MOST_VALUES; counted closely only where
    those within texts could matter."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") <= MAX_VALUES:
        return False
    values = (found for found in _TEXT_OR_VALUE.finditer(body) if found[1])
    return next(islice(values, MAX_VALUES, None), None) is not None


def drain_body(request: HttpRequest) -> None:
    """Read what a refusal has left of the body, up to DRAINED: a server that closes while somebody sends takes its answer
    with it, and the sender sees a broken connection where a status was meant."""
    stated = request.headers.get("Content-Length") or "0"
    left = MAX_DRAINED_BYTES if _is_chunked(request) or not stated.isdecimal() else min(int(stated), MAX_DRAINED_BYTES)
    ends = time.monotonic() + MAX_DRAIN_SECONDS
    while left > 0 and time.monotonic() < ends:
        piece = request.META["wsgi.input"].read(min(left, CHUNK_BYTES))
        if not piece:
            return
        left -= len(piece)
