"""Reading of single fields of Stripe's objects. Pure; unusable values raise `Rejected` with the path of the field."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tracking.orders.snapshot_fields import Rejected

# More than any currency needs, in minor units.
MAX_AMOUNT = 10**15
MAX_CLOCK_SKEW = timedelta(minutes=5)

Object = dict[str, Any]


def read_object(value: object, path: str) -> Object:
    """Return an object; an empty one for null."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Rejected(path, "must be an object")
    return value


def read_text(source: Object, path: str, name: str, most: int = 500) -> str:
    """Return a text; "" for null and for a missing one."""
    value = source.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Rejected(f"{path}.{name}", "must be a string")
    if len(value) > most:
        raise Rejected(f"{path}.{name}", f"must have at most {most} characters")
    return value


def read_id(source: Object, path: str, name: str) -> str:
    """Return the id of another object, which may be that object itself; "" for null."""
    value = source.get(name)
    return read_text(value, f"{path}.{name}", "id") if isinstance(value, dict) else read_text(source, path, name)


def read_amount(source: Object, path: str, name: str, default: int | None = None) -> int:
    """Return an amount in minor units; `default` for null and for a missing one, if given."""
    value = source.get(name)
    if value is None and default is not None:
        return default
    if type(value) is not int or not 0 <= value <= MAX_AMOUNT:
        raise Rejected(f"{path}.{name}", f"must be a whole number from 0 to {MAX_AMOUNT}")
    return value


def read_moment(source: Object, path: str, name: str, received_at: datetime) -> datetime:
    """Return a time in seconds since 1970 that is not later than the arrival of its event."""
    field = f"{path}.{name}" if path else name
    value = source.get(name)
    latest = (received_at + MAX_CLOCK_SKEW).timestamp()
    if type(value) is not int or value < 0:
        raise Rejected(field, "must be a number of seconds since 1970")
    if value > latest:
        raise Rejected(field, "is more than five minutes in the future")
    return datetime.fromtimestamp(value, UTC)
