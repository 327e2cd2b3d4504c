"""JSON as the orders API reads it: what common parsers let pass is found out, and nothing raises but `Unreadable`.

A key that stands twice, NaN, an overlong number are no syntax errors to Python's parser; here they become marks that
`tracking.snapshots` refuses by the field they stand in.
"""

import json
from typing import Any

MAX_DIGITS = 18


class Unreadable(Exception):
    """A body or line that can't be read as JSON at all, with the cause."""


class Keys(dict[str, Any]):
    """An object that remembers the first key that stood in it twice."""

    twice: str | None = None


class NoNumber:
    """Stands for a number that is none of ours (NaN, Infinity, 1e400, 5,000 digits): no field takes it."""

    def __init__(self, text: str) -> None:
        self.text = text[:40]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    marked = Keys(plain)
    seen: set[str] = set()
    marked.twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add() returns None: "seen, else remember"
    return marked


def _whole(text: str) -> int | NoNumber:
    return int(text) if len(text) <= MAX_DIGITS else NoNumber(text)


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=_whole, parse_float=NoNumber, parse_constant=NoNumber)


def parse(text: str) -> Any:
    """The value that `text` is; raises Unreadable with what is wrong and where."""
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise Unreadable("is nested too deeply") from None
    except ValueError as error:
        raise Unreadable(f"is not JSON: {error}") from None


def decode(body: bytes) -> str:
    """`body` as UTF-8; raises Unreadable where it is not, or where it begins with a byte order mark."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff"):
        raise Unreadable("begins with a byte order mark")
    return text
