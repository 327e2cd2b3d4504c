"""Reading of the values that paths find: texts, numbers, times and flags (specification 11). Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tracking.orders.snapshot_fields import EARLIEST, Rejected

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)
_SECONDS = re.compile(r"\d{9,17}(\.\d{1,9})?", re.ASCII)
_MAX_NUMBER = Decimal(10) ** 12
# A number of seconds has this size in the year 5138 only, so a larger one counts milliseconds.
_FIRST_MILLISECONDS = Decimal(10) ** 11
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FALSE_WORDS = frozenset({"", "0", "false", "no", "off", "n", "f"})


def read_text(found: Sequence[Any], field: str) -> str:
    """Return the first value as text, "" if there is none."""
    if not found:
        return ""
    value = found[0]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value).strip()
    raise Rejected(field, f"must be a text or number, not {_name_type(value)}")


def read_texts(found: Sequence[Any], field: str) -> list[str]:
    """Return the values as texts, each once, without empty ones. A list that is found counts as its elements."""
    values = [element for value in found for element in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(text for value in values if value is not None and (text := read_text([value], field))))


def read_number(found: Sequence[Any], field: str) -> Decimal | None:
    """Return the sum of the values, None if there is none."""
    return sum((_parse_number(value, field) for value in found), Decimal(0)) if found else None


def read_size(found: Sequence[Any], field: str) -> Decimal | None:
    """Return the sum of the values, which must not be negative."""
    number = read_number(found, field)
    if number is not None and number < 0:
        raise Rejected(field, "must not be negative; if the shop sends it so, begin its path with -")
    return number


def _parse_number(value: Any, field: str) -> Decimal:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if abs(number) < _MAX_NUMBER:
            return number
    raise Rejected(field, f"must be a number such as 15.30, not {_describe(value)}")


def read_moment(found: Sequence[Any], field: str, time_zone: str) -> datetime | None:
    """Return the first value as a time, None if there is none.

    ISO 8601, or seconds or milliseconds since 1970. A time without an offset is in `time_zone`.
    """
    if not found:
        return None
    value = found[0]
    try:
        moment = _parse_moment(value, time_zone)
    except (ValueError, OverflowError, ArithmeticError):
        moment = None
    if moment is None:
        raise Rejected(field, f"must be a time such as 2026-01-31T12:00:00Z or 1769860800, not {_describe(value)}")
    if moment < EARLIEST:
        raise Rejected(field, "is before 1970")
    return moment


def _parse_moment(value: Any, time_zone: str) -> datetime | None:
    if isinstance(value, bool):
        return None
    text = str(value).strip() if isinstance(value, str | int | Decimal) else ""
    if _SECONDS.fullmatch(text):
        number = Decimal(text)
        seconds = number / 1000 if number >= _FIRST_MILLISECONDS else number
        return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    moment = datetime.fromisoformat(text.upper())
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(time_zone))).astimezone(UTC)


def read_flag(found: Sequence[Any]) -> bool:
    """Return whether a value is there that does not mean no."""
    return any(value is not False and str(value).strip().lower() not in _FALSE_WORDS for value in found)


def _describe(value: Any) -> str:
    return repr(value[:40]) if isinstance(value, str) else _name_type(value)


def _name_type(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else f"{value}"[:40]
