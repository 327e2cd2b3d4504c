"""Strict reading of request bodies: media type and size first, then the content (specification 4)."""

import re
from itertools import islice
from typing import Any

from django.http import HttpRequest

from accounts.models import ApiKey
from lib.request_body import BodyTooLarge, BodyTooSlow, Sender, TimedBody, read_body
from shops import intake, strict_json
from shops.api.problems import Problem
from shops.intake import BATCH
from shops.strict_json import UnreadableInput

MAX_BYTES = 10 * 1024 * 1024
JSON = "application/json"
NDJSON = "application/x-ndjson"
# 10 MiB of orders have fewer. 10 MiB of brackets have ten times as many, which would take a gigabyte of memory.
MAX_VALUES = 1_000_000

_STRING_OR_VALUE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|([,\[{])', re.DOTALL)
_LINE = re.compile(rb"[^\n]+")


def read_value(request: HttpRequest, key: ApiKey) -> Any:
    """Return the value of a JSON body. Raises Problem."""
    try:
        return strict_json.parse_json(strict_json.decode_utf8(_read_body(request, key, JSON)))
    except UnreadableInput as error:
        raise _build_unreadable_problem(error) from None


def read_rows(request: HttpRequest, key: ApiKey) -> list[Any]:
    """Return the rows of a batch, sent as a JSON array or as one object per line. Raises Problem.

    A line that is not JSON becomes an `Unparsed` row, so that it rejects only itself.
    """
    body = _read_body(request, key, JSON, NDJSON)
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


def _read_body(request: HttpRequest, key: ApiKey, *types: str) -> bytes:
    if request.content_type not in types or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem("unsupported_media_type", f"Send {' or '.join(types)}, not compressed.", "Content-Type")
    try:
        body = read_body(request, MAX_BYTES, Sender.API_KEY, key.pk)
    except BodyTooLarge:
        raise _build_too_large_problem() from None
    except BodyTooSlow as error:
        raise Problem("too_slow", f"The body was not read: {error}.", headers={"Retry-After": "1"}) from None
    if _has_too_many_values(body):
        raise Problem("too_many_values", f"A body has at most {MAX_VALUES:,} values.")
    return body


def _build_too_large_problem() -> Problem:
    return Problem("too_large", "A body has at most 10 MiB.", "Content-Length")


def _has_too_many_values(body: bytes) -> bool:
    """Return whether the body has more commas and opening brackets outside of strings than `MAX_VALUES`."""
    # The exact count is slow, so it is made only if the count that includes strings is too high.
    if body.count(b",") + body.count(b"[") + body.count(b"{") <= MAX_VALUES:
        return False
    values = (match for match in _STRING_OR_VALUE.finditer(body) if match[1])
    return next(islice(values, MAX_VALUES, None), None) is not None


def drain_body(request: HttpRequest, key: ApiKey) -> None:
    """Read the rest of a rejected body of a valid key, unless it is slow.

    If the server closed the connection while the client was still sending, the client might not get the response.
    """
    body = request.META.get("wsgi.input")
    if isinstance(body, TimedBody):
        body.drain(Sender.API_KEY, key.pk)
