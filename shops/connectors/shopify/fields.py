"""Reading of the values in Shopify's payloads (specification 11). Pure; what cannot be used raises `Rejected`."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from shops.connectors.base import format_version
from tracking.orders.snapshot_fields import Rejected, parse_moment

Object = Mapping[str, Any]

_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,20})?", re.ASCII)
_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_TRIGGERED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_LATEST = datetime.max.replace(tzinfo=UTC)
_MAX_QUANTITY = 1_000_000_000


def read_object(value: object, field: str) -> Object:
    if not isinstance(value, dict):
        raise Rejected(field, "must be an object")
    return value


def list_objects(owner: Object, key: str, path: str = "") -> Iterator[tuple[str, Object]]:
    """Yield the path and the content of each object in a list; none if the list is missing."""
    field = f"{path}.{key}" if path else key
    values = owner.get(key)
    if values is None:
        return
    if not isinstance(values, list):
        raise Rejected(field, "must be a list")
    for index, value in enumerate(values):
        yield f"{field}[{index}]", read_object(value, f"{field}[{index}]")


def read_id(value: object, field: str) -> str:
    """Return an id, which has up to 64 bits, as text."""
    text = str(value)
    if isinstance(value, bool) or not _ID.fullmatch(text):
        raise Rejected(field, "is missing" if value is None else "must be a whole number")
    return text


def read_amount(value: object, field: str, *, signed: bool = False) -> Decimal:
    """Return an amount that was sent as text or as a number."""
    text = str(value)
    if isinstance(value, bool) or not _AMOUNT.fullmatch(text):
        raise Rejected(field, 'must be an amount, such as "15.30"')
    amount = Decimal(text)
    if amount < 0 and not signed:
        raise Rejected(field, "must not be negative")
    return amount


def read_optional_amount(owner: Object, key: str, path: str, *, signed: bool = False) -> Decimal | None:
    value = owner.get(key)
    return None if value is None else read_amount(value, f"{path}.{key}", signed=signed)


def sum_amounts(owner: Object, key: str, path: str, amount: str) -> Decimal:
    """Return the sum of one field over the objects of a list."""
    return sum(
        (read_amount(row.get(amount), f"{at}.{amount}") for at, row in list_objects(owner, key, path)), Decimal()
    )


def read_shop_money(owner: Object, key: str, path: str) -> Decimal | None:
    """Return the amount of a set of prices in the shop's currency, or None."""
    prices = owner.get(key)
    money = read_object(prices, f"{path}.{key}").get("shop_money") if prices is not None else None
    if money is None:
        return None
    return read_optional_amount(read_object(money, f"{path}.{key}.shop_money"), "amount", f"{path}.{key}.shop_money")


def read_quantity(value: object, field: str) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_QUANTITY:
        raise Rejected(field, "must be a whole number from 0")
    return value


def read_text(value: object, length: int) -> str:
    """Return a text, cut to a length; "" for anything else."""
    return value.strip()[:length] if isinstance(value, str) else ""


def read_moment(owner: Object, key: str, path: str = "") -> datetime | None:
    """Return a time, or None if it is not set."""
    value = owner.get(key)
    return None if value is None else parse_moment(value, f"{path}.{key}" if path else key, _LATEST)


def clean_triggered_at(text: str) -> str:
    """Return X-Shopify-Triggered-At with nine decimals, so that it sorts as text; "" if it is no time."""
    match = _TRIGGERED.fullmatch(text.strip())
    return f"{match[1]}.{(match[2] or '').ljust(9, '0')}Z" if match else ""


def parse_triggered_at(text: str) -> datetime | None:
    """Return the time, cut to microseconds, of what `clean_triggered_at` returned; None if it is impossible."""
    try:
        return parse_moment(text, "", _LATEST)
    except Rejected:
        return None


def build_version(changed_at: datetime, triggered_at: str) -> str:
    """Return the version of what an event says: the shop's second, then the moment of the event within it.

    The second comes first because it is signed, as part of the body: an old body that is sent again stays old.
    """
    return f"{format_version(changed_at)} {triggered_at}"


def parse_version(version: str) -> datetime:
    """Return the platform's moment of a version."""
    return datetime.fromisoformat(version[:26]).replace(tzinfo=UTC)
