"""JSON as the orders API reads it: what common parsers let pass is found out, and nothing raises but `Unreadable`.

A key that stands twice, NaN, an overlong number are no syntax errors to Python's parser; here they become marks that
`tracking.orders.snapshots` refuses by the field they stand in.
"""

import json
import re
from typing import Any

MAX_DIGITS = 18


class UnreadableInput(Exception):
    """A body or line that can't be read as JSON at all, with the cause."""


class ObjectWithDuplicateKey(dict[str, Any]):
    """An object that remembers the first key that stood in it twice."""

    duplicate_key: str | None = None


class InvalidNumber:
    """Stands for a number that is none of ours (NaN, Infinity, 1e400, 5,000 digits): no field takes it."""

    def __init__(self, text: str) -> None:
        self.text = text[:40]


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    marked = ObjectWithDuplicateKey(plain)
    seen: set[str] = set()
    marked.duplicate_key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add() returns None: "seen, else remember"
    return marked


def _parse_int(text: str) -> int | InvalidNumber:
    return int(text) if len(text) <= MAX_DIGITS else InvalidNumber(text)


_SPACE = re.compile(r"[ \t\n\r]*")
_decoder = json.JSONDecoder(
    object_pairs_hook=_build_object, parse_int=_parse_int, parse_float=InvalidNumber, parse_constant=InvalidNumber
)


def parse_json(text: str) -> Any:
    """The value that `text` is; raises Unreadable with what is wrong and where."""
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise UnreadableInput("is nested too deeply") from None
    except ValueError as error:
        raise UnreadableInput(f"is not JSON: {error}") from None


def parse_json_array(text: str, most: int) -> list[Any] | None:
    """The values of the array that `text` is, and none beyond `most` + 1, so that a longer one costs no more; None for
    another value. Raises Unreadable as `parse` does."""
    at = _skip_space(text, 0)
    if not text.startswith("[", at):
        parse_json(text)
        return None
    found: list[Any] = []
    at = _skip_space(text, at + 1)
    if text.startswith("]", at):
        return _check_end(text, at + 1, found)
    while len(found) <= most:
        try:
            value, at = _decoder.raw_decode(text, at)
        except RecursionError:
            raise UnreadableInput("is nested too deeply") from None
        except ValueError as error:
            raise UnreadableInput(f"is not JSON: {error}") from None
        found.append(value)
        at = _skip_space(text, at)
        if text.startswith("]", at):
            return _check_end(text, at + 1, found)
        if not text.startswith(",", at):
            raise UnreadableInput(f"is not JSON: {_build_comma_error(text, at)}")
        at = _skip_space(text, at + 1)
    return found


def _build_comma_error(text: str, at: int) -> ValueError:
    return json.JSONDecodeError("Expecting ',' delimiter", text, at)


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _check_end(text: str, at: int, found: list[Any]) -> list[Any]:
    end = _skip_space(text, at)
    if end != len(text):
        raise UnreadableInput(f"is not JSON: {json.JSONDecodeError('Extra data', text, end)}")
    return found


def decode_utf8(body: bytes) -> str:
    """`body` as UTF-8; raises Unreadable where it is not, or where it begins with a byte order mark."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"is not UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff"):
        raise UnreadableInput("begins with a byte order mark")
    return text
