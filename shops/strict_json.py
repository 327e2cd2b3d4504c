"""The strict JSON parser of the orders API, which raises only `UnreadableInput`.

Python's parser accepts duplicate keys, NaN and overlong numbers. Here they become markers that
`tracking.orders.snapshots` rejects by their field.
"""

import codecs
import json
import re
from collections.abc import Iterable
from typing import Any

MAX_DIGITS = 18


class UnreadableInput(Exception):
    """A body or line is not JSON; the text says why."""


class ObjectWithDuplicateKey(dict[str, Any]):
    """An object that remembers its first duplicate key."""

    duplicate_key: str | None = None


class InvalidNumber:
    """A marker for a number that no field accepts: NaN, Infinity, 1e400, 5,000 digits."""

    def __init__(self, text: str) -> None:
        self.text = text[:40]


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    marked = ObjectWithDuplicateKey(plain)
    marked.duplicate_key = _find_duplicate(key for key, _value in pairs)
    return marked


def _find_duplicate(keys: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return None


def _parse_int(text: str) -> int | InvalidNumber:
    return int(text) if len(text) <= MAX_DIGITS else InvalidNumber(text)


_SPACE = re.compile(r"[ \t\n\r]*")
_decoder = json.JSONDecoder(
    object_pairs_hook=_build_object, parse_int=_parse_int, parse_float=InvalidNumber, parse_constant=InvalidNumber
)


def parse_json(text: str) -> Any:
    """Return the value of `text`. Raises UnreadableInput with the cause and its position."""
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise UnreadableInput("is nested too deeply") from None
    except ValueError as error:
        raise UnreadableInput(f"is not JSON: {error}") from None


def parse_json_array(text: str, most: int) -> list[Any] | None:
    """Return the first `most` + 1 items of a JSON array, so that a longer one costs no more; None for any other value.

    Raises UnreadableInput like `parse_json`.
    """
    at = _skip_space(text, 0)
    if not text.startswith("[", at):
        parse_json(text)
        return None
    items: list[Any] = []
    at = _skip_space(text, at + 1)
    if text.startswith("]", at):
        return _check_end(text, at + 1, items)
    while len(items) <= most:
        try:
            value, at = _decoder.raw_decode(text, at)
        except RecursionError:
            raise UnreadableInput("is nested too deeply") from None
        except ValueError as error:
            raise UnreadableInput(f"is not JSON: {error}") from None
        items.append(value)
        at = _skip_space(text, at)
        if text.startswith("]", at):
            return _check_end(text, at + 1, items)
        if not text.startswith(",", at):
            raise UnreadableInput(f"is not JSON: {_build_comma_error(text, at)}")
        at = _skip_space(text, at + 1)
    return items


def _build_comma_error(text: str, at: int) -> ValueError:
    return json.JSONDecodeError("Expecting ',' delimiter", text, at)


def _skip_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _check_end(text: str, at: int, items: list[Any]) -> list[Any]:
    end = _skip_space(text, at)
    if end != len(text):
        raise UnreadableInput(f"is not JSON: {json.JSONDecodeError('Extra data', text, end)}")
    return items


def decode_utf8(body: bytes) -> str:
    """Decode `body` as UTF-8, without a byte order mark at its start. Raises UnreadableInput if it is not UTF-8."""
    try:
        return remove_byte_order_mark(body).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"is not UTF-8 at byte {error.start}") from None


def remove_byte_order_mark(body: bytes) -> bytes:
    """Return the start of a body or file, or all of it, without its byte order mark."""
    return body.removeprefix(codecs.BOM_UTF8)
