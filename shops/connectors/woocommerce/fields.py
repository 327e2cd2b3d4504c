"""Reading of the values of WooCommerce's JSON; what can't be read is refused with its path (specification 11). Pure."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tracking.orders.snapshot_fields import Rejected
from tracking.orders.snapshots import format_timestamp

MAX_DIGITS = 20
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,20})?", re.ASCII)
_ID = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)


def read_id(value: object, field: str) -> str:
    """Return a numeric id as text. Raises Rejected."""
    text = "" if isinstance(value, bool) else str(value)
    if not _ID.fullmatch(text):
        raise Rejected(field, "must be a whole number above 0")
    return text


def read_optional_id(value: object) -> str:
    """Return a numeric id as text, "" for 0, null and anything else."""
    text = "" if isinstance(value, bool) else str(value)
    return text if _ID.fullmatch(text) else ""


def read_number(value: object, field: str) -> Decimal:
    """Return a number that is sent as text or as JSON number. Raises Rejected."""
    text = "" if isinstance(value, bool) else str(value)
    if isinstance(value, Decimal) and abs(value.adjusted()) < MAX_DIGITS:
        text = f"{value:f}"  # without an exponent; an endless one stays as it is, and is refused
    if not _NUMBER.fullmatch(text):
        raise Rejected(field, 'must be a number, such as "15.30"')
    return Decimal(text)


def read_optional_number(value: object, field: str) -> Decimal:
    """Return a number; 0 for one that is missing. Raises Rejected."""
    return Decimal(0) if value is None or value == "" else read_number(value, field)


def read_objects(content: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the objects of a list with their paths; none if the list is missing. Raises Rejected."""
    values = content.get(key)
    if values is None:
        return []
    if not isinstance(values, list):
        raise Rejected(key, "must be a list")
    found: list[tuple[str, Mapping[str, Any]]] = []
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            raise Rejected(f"{key}[{index}]", "must be an object")
        found.append((f"{key}[{index}]", value))
    return found


def read_time(content: Mapping[str, Any], key: str) -> datetime | None:
    """Return a time of one of the fields `*_gmt`, which have no zone; None if it is missing. Raises Rejected."""
    value = content.get(key)
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None:
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Rejected(key, "must be a date and time, such as 2026-01-12T08:26:00")


def format_optional_time(moment: datetime | None) -> str | None:
    return format_timestamp(moment) if moment else None


def read_text(value: object, limit: int) -> str:
    """Return a text cut to `limit` characters; "" for anything else."""
    return value.strip()[:limit] if isinstance(value, str) else ""


def read_name(value: object, limit: int) -> str:
    """Return a name, which has HTML entities, as plain text."""
    return read_text(html.unescape(value), limit) if isinstance(value, str) else ""
