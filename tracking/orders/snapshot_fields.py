"""Parsing of the single fields of a snapshot (specification 4). Pure; invalid input raises `Rejected`."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lib.money import ZERO
from lib.text import clean_code, fold_code, is_printable_code
from tracking.clicks.click_ids import find_click_id

MAX_AMOUNT = Decimal("1000000.00")
MAX_COUPONS = 10
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
AMOUNT = re.compile(r"[0-9]{1,12}\.[0-9]{2}", re.ASCII)
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_OFFSET_WITHOUT_COLON = re.compile(r".*\d{2}:\d{2}(\.\d+)?([+-]\d{2})(\d{2})", re.ASCII | re.DOTALL)
_LEAP_SECOND = re.compile(r"(?<=:59):60(?=[.Z+-])", re.ASCII)
# The longest text of each field, in characters; codes, categories and click ids are measured as they are read.
MAX_LENGTHS = {
    "click_id": 200,
    "coupon": 64,
    "customer.ref": 200,
    "customer.country": 100,
    "line_id": 64,
    "sku": 100,
    "title": 500,
    "category": 64,
}
# What is read of a field that is cleaned. A click id may be sent as the landing URL that holds it.
MAX_SENT_LENGTHS = {"click_id": 4_000, "coupon": 500, "line_id": 500, "category": 500}


class Rejected(Exception):
    """A row is not a valid snapshot. `field` is a path such as `lines[0].amount`, `message` the cause."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(f"{field}: {cause}" if field else cause)
        self.field = field
        self.message = cause

    def within(self, path: str) -> "Rejected":
        """Return the same refusal of the object at `path`, whose reader knows only its own fields."""
        return Rejected(f"{path}.{self.field}" if self.field else path, self.message)


class Keys:
    """The keys that an object may have, and those that it must have, in the order in which they are missed."""

    def __init__(self, known: tuple[str, ...], required: tuple[str, ...]) -> None:
        self.known = frozenset(known)
        self.required = required
        self._required = frozenset(required)

    def fit(self, value: dict[str, Any]) -> bool:
        return value.keys() <= self.known and self._required <= value.keys()


def parse_moment(value: object, field: str, latest: datetime) -> datetime:
    """Return a time in UTC, cut off at the microsecond, if it is not later than `latest`."""
    if not isinstance(value, str) or not TIMESTAMP.fullmatch(value):
        raise Rejected(field, _describe_time_error(value))
    try:
        moment = _parse_timestamp(value.upper())
    except (ValueError, OverflowError):
        raise Rejected(field, "is not a valid date-time") from None
    if moment < EARLIEST:
        raise Rejected(field, "is before 1970")
    if moment > latest:
        raise Rejected(field, "is more than five minutes in the future")
    return moment


def _parse_timestamp(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        # RFC 3339 allows a leap second, which is the last of a day in UTC. Read it as the first of the next day.
        before = datetime.fromisoformat(_LEAP_SECOND.sub(":59", text)).astimezone(UTC)
        if not _LEAP_SECOND.search(text) or (before.hour, before.minute) != (23, 59):
            raise
        return before.replace(microsecond=0) + timedelta(seconds=1)


def _describe_time_error(value: object) -> str:
    if isinstance(value, str) and (match := _OFFSET_WITHOUT_COLON.fullmatch(value[:100])):
        return f"lacks a colon in its time zone: write {match[2]}:{match[3]} instead of {match[2]}{match[3]}"
    return "must be a date-time with time zone, e.g. 2010-12-08T08:26:00Z"


def parse_amount(value: object, field: str) -> Decimal:
    if value == "0.00":  # most lines have no refund
        return ZERO
    if not isinstance(value, str) or not AMOUNT.fullmatch(value):
        raise Rejected(field, 'must be a string with two decimals, e.g. "15.30"')
    amount = Decimal(value)
    if amount > MAX_AMOUNT:
        raise Rejected(field, "must be at most 1000000.00")
    return amount


def parse_click_id(value: object) -> tuple[str, str]:
    """Return the click id as it is read, and as it was sent if that differs."""
    if value is None:
        return "", ""
    sent = parse_text(value, "click_id", MAX_SENT_LENGTHS["click_id"])
    click_id = find_click_id(sent)
    _check_length(click_id, "click_id", "click_id")
    return click_id, sent if click_id and click_id != sent else ""


def parse_coupons(coupon: object, coupons: object) -> tuple[str, ...]:
    """Return the codes of `coupon` or `coupons` as they were sent, without empty ones."""
    single = _parse_coupon(coupon, "coupon")
    if coupons is None:
        return (single,) if single else ()
    if not isinstance(coupons, list):
        raise Rejected("coupons", "must be a list")
    if len(coupons) > MAX_COUPONS:
        raise Rejected("coupons", f"must have at most {MAX_COUPONS} codes, not {len(coupons):,}")
    if any(value is None for value in coupons):
        raise Rejected(f"coupons[{coupons.index(None)}]", "must be a string")
    codes = tuple(code for i, value in enumerate(coupons) if (code := _parse_coupon(value, f"coupons[{i}]")))
    if single and codes:
        raise Rejected("coupons", "must not be sent together with coupon")
    return codes or ((single,) if single else ())


def _parse_coupon(value: object, field: str) -> str:
    if value is None or _is_plain_word(value, "coupon"):
        return str(value or "")
    sent = parse_text(value, field, MAX_SENT_LENGTHS["coupon"], "coupon")
    code = clean_code(sent)
    _check_length(code, field, "coupon")
    if not is_printable_code(code):
        raise Rejected(field, "contains a character that cannot be printed")
    return sent if code else ""


def parse_category(value: object, field: str) -> str:
    """Return the category as it is compared: cleaned and folded."""
    if isinstance(value, str) and len(value) <= MAX_LENGTHS["category"] and (known := _fold_plain_text(value)):
        return known
    category = fold_code(parse_text(value, field, MAX_SENT_LENGTHS["category"], "category"))
    return _check_not_empty(category, field, "category")


@lru_cache(maxsize=4096)
def _fold_plain_text(text: str) -> str:
    """Return a text of printable ASCII folded, "" for any other. A shop has few categories and sends them often."""
    return fold_code(text) if text.isascii() and text.isprintable() else ""


def parse_line_id(value: object, field: str) -> str:
    if _is_plain_word(value, "line_id"):
        return str(value)
    line_id = clean_code(parse_text(value, field, MAX_SENT_LENGTHS["line_id"], "line_id"))
    return _check_not_empty(line_id, field, "line_id")


def _is_plain_word(value: object, name: str) -> bool:
    """Return whether the value is one word of ASCII, as most are, of which nothing has to be cleaned or checked."""
    return isinstance(value, str) and value.isalnum() and value.isascii() and len(value) <= MAX_LENGTHS[name]


def _check_not_empty(text: str, field: str, name: str) -> str:
    if not text:
        raise Rejected(field, "must not be empty")
    _check_length(text, field, name)
    return text


def _check_length(text: str, field: str, name: str) -> None:
    if len(text) > MAX_LENGTHS[name]:
        raise Rejected(field, f"must have at most {MAX_LENGTHS[name]} characters")


def parse_optional_text(value: object, field: str, name: str) -> str:
    if value is None:
        return ""
    if type(value) is str and value.isascii() and "\0" not in value and len(value) <= MAX_LENGTHS[name]:
        return value
    return parse_text(value, field, MAX_LENGTHS[name])


def parse_text(value: object, field: str, max_length: int, name: str = "") -> str:
    """Return a text of at most `max_length` characters; the error of a longer one names the limit of `name`."""
    if not isinstance(value, str):
        raise Rejected(field, "must be a string")
    if len(value) > max_length:
        raise Rejected(field, f"must have at most {MAX_LENGTHS.get(name, max_length)} characters")
    if "\0" in value:
        raise Rejected(field, "contains a NUL character")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise Rejected(field, "contains a lone surrogate")
    return value


def check_object(value: object, path: str, keys: Keys) -> dict[str, Any]:
    """Return `value` if it is an object with known keys only, all required keys and no duplicates."""
    if type(value) is dict and keys.fit(value):
        return value
    prefix = f"{path}." if path else ""
    if not isinstance(value, dict):
        raise Rejected(path, "must be an object")
    duplicate = getattr(value, "duplicate_key", None)
    if duplicate is not None:
        raise Rejected(f"{prefix}{_format_key(duplicate)}", "is a duplicate key")
    for key in value:
        if key not in keys.known:
            raise Rejected(f"{prefix}{_format_key(key)}", "is an unknown field")
    for key in keys.required:
        if key not in value:
            raise Rejected(f"{prefix}{key}", "is required")
    return value


def _format_key(key: str) -> str:
    """Return a key in a form that can be printed and stored."""
    return key[:64].encode("ascii", "backslashreplace").decode().replace("\0", "\\x00")
