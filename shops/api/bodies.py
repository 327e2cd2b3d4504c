"""Strict reading of request bodies: media type and size first, then the content (specification 4)."""

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
# 10 MiB of orders have fewer. 10 MiB of brackets have ten times as many, which would take a gigabyte of memory.
MAX_VALUES = 1_000_000
# How much of a rejected body is read and thrown away, and for how long.
MAX_DRAINED_BYTES = 128 * 1024 * 1024
MAX_DRAIN_SECONDS = 5.0
CHUNK_BYTES = 64 * 1024

_STRING_OR_VALUE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|([,\[{])', re.DOTALL)
_LINE = re.compile(rb"[^\n]+")


def read_value(request: HttpRequest) -> Any:
    """Return the value of a JSON body. Raises Problem."""
    try:
        return strict_json.parse_json(strict_json.decode_utf8(_read_body(request, JSON)))
    except UnreadableInput as error:
        raise _build_unreadable_problem(error) from None


def read_rows(request: HttpRequest) -> list[Any]:
    """Return the rows of a batch, sent as a JSON array or as one object per line. Raises Problem.

    A line that is not JSON becomes an `Unparsed` row, so that it rejects only itself.
    """
    body = _read_body(request, JSON, NDJSON)
    rows = _parse_lines(body) if request.content_type == NDJSON else _parse_array(body)
    if len(rows) > BATCH:
        raise Problem("too_many_rows", f"A batch has at most {BATCH:,} rows.")
    return rows


def _parse_array(body: bytes) -> list[Any]:
    try:
        rows = strict_json.parse_json_array(strict_json.decode_utf8(body), BATCH)
    except UnreadableInput as error:
        raise _build_unreadable_problem(error) from None
    if rows is None:
        raise Problem("not_an_array", "The body must be a JSON array of snapshots.")
    return rows


def _parse_lines(body: bytes) -> list[Any]:
    filled = (line[0] for line in _LINE.finditer(strict_json.remove_byte_order_mark(body)) if line[0].strip())
    return [intake.parse_line(line) for line in islice(filled, BATCH + 1)]


def _build_unreadable_problem(error: UnreadableInput) -> Problem:
    return Problem("unreadable", f"The body {error}.")


def _read_body(request: HttpRequest, *types: str) -> bytes:
    # Read from the server, because Django treats a body without a length as empty and keeps what it reads.
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
    """Return the declared length, which is within the limit; None for a chunked body."""
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
    """Return whether the body has more commas and opening brackets outside of strings than `MAX_VALUES`."""
    # The exact count is slow, so it is made only if the count that includes strings is too high.
    if body.count(b",") + body.count(b"[") + body.count(b"{") <= MAX_VALUES:
        return False
    values = (match for match in _STRING_OR_VALUE.finditer(body) if match[1])
    return next(islice(values, MAX_VALUES, None), None) is not None


def drain_body(request: HttpRequest) -> None:
    """Read the rest of a rejected body, up to `MAX_DRAINED_BYTES`.

    If the server closed the connection while the client was still sending, the client would not get the response.
    """
    declared = request.headers.get("Content-Length") or "0"
    remaining = (
        MAX_DRAINED_BYTES if _is_chunked(request) or not declared.isdecimal() else min(int(declared), MAX_DRAINED_BYTES)
    )
    deadline = time.monotonic() + MAX_DRAIN_SECONDS
    while remaining > 0 and time.monotonic() < deadline:
        chunk = request.META["wsgi.input"].read(min(remaining, CHUNK_BYTES))
        if not chunk:
            return
        remaining -= len(chunk)
