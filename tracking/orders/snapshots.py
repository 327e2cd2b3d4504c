"""The format of order snapshots (specification 4): validation of each field, and their normal form.

Pure: no database, no clock. Invalid input of any kind raises `Rejected`, which names the field and the cause.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

MAX_LINES = 1_000
MAX_AMOUNT = Decimal("1000000.00")
MAX_QUANTITY = 1_000_000_000
MAX_CLOCK_SKEW = timedelta(minutes=5)
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
HASH_PREFIX = "hash:"

KEYS = (
    *("order_id", "updated_at", "status", "placed_at", "completed_at"),
    *("currency", "click_id", "coupon", "customer", "lines"),
)
REQUIRED = ("order_id", "updated_at", "status", "placed_at", "currency", "lines")
LINE_KEYS = ("line_id", "sku", "title", "category", "quantity", "amount", "refunded")
LINE_REQUIRED = ("line_id", "category", "quantity", "amount", "refunded")
CUSTOMER_KEYS = ("ref", "country")
ORDER_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
AMOUNT = re.compile(r"[0-9]{1,12}\.[0-9]{2}", re.ASCII)
STATUSES = ("paid", "completed", "cancelled")
# The longest text of each field, in characters.
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
_HASHED_PATTERN = re.compile(r"hash:[0-9a-f]{64}", re.ASCII)
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)


class Rejected(Exception):
    """A row is not a valid snapshot. `field` is a path such as `lines[0].amount`, `message` the cause."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(f"{field}: {cause}" if field else cause)
        self.field = field
        self.message = cause


class Line(NamedTuple):
    line_id: str
    sku: str
    title: str
    category: str
    quantity: int
    amount: Decimal
    refunded: Decimal


class Snapshot(NamedTuple):
    """An order as of `updated_at`. Times are in UTC, amounts have two decimals, and missing text is ""."""

    order_id: str
    updated_at: datetime
    status: str
    placed_at: datetime
    completed_at: datetime | None
    currency: str
    click_id: str
    coupon: str
    customer_hash: str
    country: str
    lines: tuple[Line, ...]

    def build_content(self) -> dict[str, Any]:
        """Return the snapshot in normal form as it is stored, with `customer.ref` as a keyed hash."""
        return {
            "order_id": self.order_id,
            "updated_at": format_timestamp(self.updated_at),
            "status": self.status,
            "placed_at": format_timestamp(self.placed_at),
            "completed_at": format_timestamp(self.completed_at) if self.completed_at else None,
            "currency": self.currency,
            "click_id": self.click_id or None,
            "coupon": self.coupon or None,
            "customer": {
                "ref": HASH_PREFIX + self.customer_hash if self.customer_hash else None,
                "country": self.country or None,
            },
            "lines": [
                {
                    "line_id": line.line_id,
                    "sku": line.sku,
                    "title": line.title,
                    "category": line.category,
                    "quantity": line.quantity,
                    "amount": str(line.amount),
                    "refunded": str(line.refunded),
                }
                for line in self.lines
            ],
        }

    def serialize(self) -> tuple[bytes, str]:
        """Return the content as canonical JSON, and its digest.

        Both are equal for equal content, regardless of key order and time zone offsets.
        """
        text = dump_canonical(self.build_content())
        return text, hashlib.sha256(text).hexdigest()


def dump_canonical(content: Mapping[str, Any]) -> bytes:
    """Serialize to ASCII-only JSON with sorted keys and no spaces."""
    fast = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    if fast.isascii() and b"\x7f" not in fast:
        return fast  # identical to the output below
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def format_timestamp(moment: datetime) -> str:
    """Format a time as ISO 8601 in UTC, with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Reader:
    """Parses rows for a program's currency, at the time `now`, with the key for hashing customer references."""

    def __init__(self, *, currency: str, now: datetime, key: str) -> None:
        self.currency = currency
        self.latest = now + MAX_CLOCK_SKEW
        self.key = key.encode()

    def read(self, row: object) -> Snapshot:
        """Parse a row of decoded JSON. Raises Rejected."""
        row = _check_object(row, "", KEYS, REQUIRED)
        order_id = _parse_text(row["order_id"], "order_id", 64)
        if not ORDER_ID.fullmatch(order_id):
            raise Rejected("order_id", "must be 1 to 64 letters, digits, '.', '_' or '-'")
        updated_at = self._parse_moment(row["updated_at"], "updated_at")
        status = row["status"]
        if status not in STATUSES:
            raise Rejected("status", "must be paid, completed or cancelled")
        placed_at = self._parse_moment(row["placed_at"], "placed_at")
        completed_at = self._parse_completed_at(row.get("completed_at"), status, placed_at)
        if row["currency"] != self.currency:
            raise Rejected("currency", f"must be {self.currency}, the program's currency")
        customer = row.get("customer")
        customer = _check_object(customer, "customer", CUSTOMER_KEYS, ()) if customer is not None else {}
        return Snapshot(
            order_id=order_id,
            updated_at=updated_at,
            status=str(status),
            placed_at=placed_at,
            completed_at=completed_at,
            currency=self.currency,
            click_id=_parse_optional_text(row.get("click_id"), "click_id", MAX_LENGTHS["click_id"]),
            coupon=_parse_optional_text(row.get("coupon"), "coupon", MAX_LENGTHS["coupon"]),
            customer_hash=self.hash_reference(
                _parse_optional_text(customer.get("ref"), "customer.ref", MAX_LENGTHS["customer.ref"])
            ),
            country=_parse_optional_text(customer.get("country"), "customer.country", MAX_LENGTHS["customer.country"]),
            lines=_parse_lines(row["lines"]),
        )

    def _parse_moment(self, value: object, field: str) -> datetime:
        if not isinstance(value, str) or not TIMESTAMP.fullmatch(value):
            raise Rejected(field, "must be a date-time with time zone, e.g. 2010-12-08T08:26:00Z")
        try:
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Rejected(field, "is not a valid date-time") from None
        if moment < EARLIEST:
            raise Rejected(field, "is before 1970")
        if moment > self.latest:
            raise Rejected(field, "is more than five minutes in the future")
        return moment

    def _parse_completed_at(self, value: object, status: object, placed_at: datetime) -> datetime | None:
        if value is None:
            if status == "completed":
                raise Rejected("completed_at", "must be set when the status is completed")
            return None
        if status == "paid":
            raise Rejected("completed_at", "must be null when the status is paid")
        completed_at = self._parse_moment(value, "completed_at")
        if completed_at < placed_at:
            raise Rejected("completed_at", "must not be before placed_at")
        return completed_at

    def hash_reference(self, reference: str) -> str:
        """Return the stored form of a customer reference: its HMAC-SHA-256 in hex."""
        if not reference:
            return ""
        # A rejected order that is retried has its reference hashed already.
        if _HASHED_PATTERN.fullmatch(reference):
            return reference.removeprefix(HASH_PREFIX)
        return hmac.new(self.key, reference.encode(errors="backslashreplace"), "sha256").hexdigest()


def _parse_lines(value: object) -> tuple[Line, ...]:
    if not isinstance(value, list):
        raise Rejected("lines", "must be a list")
    if not 1 <= len(value) <= MAX_LINES:
        raise Rejected("lines", f"must have 1 to {MAX_LINES:,} lines, not {len(value):,}")
    lines = tuple(_parse_line(line, f"lines[{index}]") for index, line in enumerate(value))
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line.line_id in seen:
            raise Rejected(f"lines[{index}].line_id", "is used by another line of this order")
        seen.add(line.line_id)
    return lines


def _parse_line(value: object, path: str) -> Line:
    row = _check_object(value, path, LINE_KEYS, LINE_REQUIRED)
    quantity = row["quantity"]
    if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
        raise Rejected(f"{path}.quantity", f"must be a whole number from 1 to {MAX_QUANTITY}")
    amount = _parse_amount(row["amount"], f"{path}.amount")
    refunded = _parse_amount(row["refunded"], f"{path}.refunded")
    if refunded > amount:
        raise Rejected(f"{path}.refunded", "must not be more than the amount")
    return Line(
        line_id=_parse_required_text(row["line_id"], f"{path}.line_id", MAX_LENGTHS["line_id"]),
        sku=_parse_optional_text(row.get("sku"), f"{path}.sku", MAX_LENGTHS["sku"]),
        title=_parse_optional_text(row.get("title"), f"{path}.title", MAX_LENGTHS["title"]),
        category=_parse_required_text(row["category"], f"{path}.category", MAX_LENGTHS["category"]),
        quantity=quantity,
        amount=amount,
        refunded=refunded,
    )


def _parse_amount(value: object, field: str) -> Decimal:
    if not isinstance(value, str) or not AMOUNT.fullmatch(value):
        raise Rejected(field, 'must be a string with two decimals, e.g. "15.30"')
    amount = Decimal(value)
    if amount > MAX_AMOUNT:
        raise Rejected(field, "must be at most 1000000.00")
    return amount


def _check_object(value: object, path: str, known: tuple[str, ...], required: tuple[str, ...]) -> dict[str, Any]:
    """Return `value` if it is an object with known keys only, all required keys and no duplicates."""
    prefix = f"{path}." if path else ""
    if not isinstance(value, dict):
        raise Rejected(path, "must be an object")
    duplicate = getattr(value, "duplicate_key", None)
    if duplicate is not None:
        raise Rejected(f"{prefix}{_format_key(duplicate)}", "is a duplicate key")
    for key in value:
        if key not in known:
            raise Rejected(f"{prefix}{_format_key(key)}", "is an unknown field")
    for key in required:
        if key not in value:
            raise Rejected(f"{prefix}{key}", "is required")
    return value


def _parse_required_text(value: object, field: str, max_length: int) -> str:
    text = _parse_text(value, field, max_length)
    if not text.strip():
        raise Rejected(field, "must not be empty")
    return text


def _parse_optional_text(value: object, field: str, max_length: int) -> str:
    return "" if value is None else _parse_text(value, field, max_length)


def _parse_text(value: object, field: str, max_length: int) -> str:
    if not isinstance(value, str):
        raise Rejected(field, "must be a string")
    if len(value) > max_length:
        raise Rejected(field, f"must have at most {max_length} characters")
    if "\0" in value:
        raise Rejected(field, "contains a NUL character")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise Rejected(field, "contains a lone surrogate")
    return value


def _format_key(key: str) -> str:
    """Return a key in a form that can be printed and stored."""
    return key[:64].encode("ascii", "backslashreplace").decode().replace("\0", "\\x00")
