"""The form of an order snapshot (CONTRACT 4), checked field by field: what gets through is in its normal form.

Pure: no database, no clock. A row that is refused says which field and why; it never raises anything but `Refused`.
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
FUTURE = timedelta(minutes=5)
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
HASHED = "hash:"

KEYS = (
    "order_id",
    "updated_at",
    "status",
    "placed_at",
    "completed_at",
    "currency",
    "click_id",
    "coupon",
    "customer",
    "lines",
)
REQUIRED = ("order_id", "updated_at", "status", "placed_at", "currency", "lines")
LINE_KEYS = ("line_id", "sku", "title", "category", "quantity", "amount", "refunded")
LINE_REQUIRED = ("line_id", "category", "quantity", "amount", "refunded")
CUSTOMER_KEYS = ("ref", "country")
ORDER_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
AMOUNT = re.compile(r"[0-9]{1,12}\.[0-9]{2}", re.ASCII)
STATUSES = ("paid", "completed", "cancelled")
# The most characters of each text.
LONGEST = {
    "click_id": 200,
    "coupon": 64,
    "customer.ref": 200,
    "customer.country": 100,
    "line_id": 64,
    "sku": 100,
    "title": 500,
    "category": 64,
}
_HASHED = re.compile(r"hash:[0-9a-f]{64}", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)


class Refused(Exception):
    """A row that is not of the form: the field's path, as `lines[0].amount`, and the cause in words."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(f"{field}: {cause}" if field else cause)
        self.field = field
        self.cause = cause


class Line(NamedTuple):
    line_id: str
    sku: str
    title: str
    category: str
    quantity: int
    amount: Decimal
    refunded: Decimal


class Snapshot(NamedTuple):
    """One order as it stood at `version`; moments in UTC, amounts with two places, absent text as ""."""

    order_id: str
    version: datetime
    status: str
    placed_at: datetime
    completed_at: datetime | None
    currency: str
    click_id: str
    coupon: str
    customer_hash: str
    country: str
    lines: tuple[Line, ...]

    def content(self) -> dict[str, Any]:
        """The snapshot as it is stored: the contract's form, in its normal form, `customer.ref` as a keyed hash."""
        return {
            "order_id": self.order_id,
            "updated_at": stamp(self.version),
            "status": self.status,
            "placed_at": stamp(self.placed_at),
            "completed_at": stamp(self.completed_at) if self.completed_at else None,
            "currency": self.currency,
            "click_id": self.click_id or None,
            "coupon": self.coupon or None,
            "customer": {
                "ref": HASHED + self.customer_hash if self.customer_hash else None,
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

    def receipt(self) -> tuple[bytes, str]:
        """The content as canonical JSON, and its fingerprint: equal for equal content, whatever the order of keys or the
        offset of moments."""
        text = canonical(self.content())
        return text, hashlib.sha256(text).hexdigest()


def canonical(content: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces, all of it ASCII."""
    quick = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    if quick.isascii() and b"\x7f" not in quick:
        return quick  # letter for letter what follows
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Reader:
    """Reads rows against one program: its currency, the present moment and the key for customers' references."""

    def __init__(self, *, currency: str, now: datetime, key: str) -> None:
        self.currency = currency
        self.latest = now + FUTURE
        self.key = key.encode()

    def read(self, row: object) -> Snapshot:
        """The snapshot that `row`, as parsed from JSON, is; raises Refused with the field and the cause."""
        row = _object(row, "", KEYS, REQUIRED)
        order_id = _text(row["order_id"], "order_id", 64)
        if not ORDER_ID.fullmatch(order_id):
            raise Refused("order_id", "must be 1 to 64 of letters, digits, '.', '_' and '-'")
        version = self._moment(row["updated_at"], "updated_at")
        status = row["status"]
        if status not in STATUSES:
            raise Refused("status", "must be paid, completed or cancelled")
        placed_at = self._moment(row["placed_at"], "placed_at")
        completed_at = self._completed(row.get("completed_at"), status, placed_at)
        if row["currency"] != self.currency:
            raise Refused("currency", f"must be {self.currency}, the program's currency")
        customer = row.get("customer")
        customer = _object(customer, "customer", CUSTOMER_KEYS, ()) if customer is not None else {}
        return Snapshot(
            order_id=order_id,
            version=version,
            status=str(status),
            placed_at=placed_at,
            completed_at=completed_at,
            currency=self.currency,
            click_id=_optional(row.get("click_id"), "click_id", LONGEST["click_id"]),
            coupon=_optional(row.get("coupon"), "coupon", LONGEST["coupon"]),
            customer_hash=self.hashed(_optional(customer.get("ref"), "customer.ref", LONGEST["customer.ref"])),
            country=_optional(customer.get("country"), "customer.country", LONGEST["customer.country"]),
            lines=_lines(row["lines"]),
        )

    def _moment(self, value: object, field: str) -> datetime:
        if not isinstance(value, str) or not MOMENT.fullmatch(value):
            raise Refused(field, "must be a moment with its offset, as 2010-12-08T08:26:00Z")
        try:
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Refused(field, "is no moment that there is") from None
        if moment < EARLIEST:
            raise Refused(field, "lies before 1970")
        if moment > self.latest:
            raise Refused(field, "lies in the future by more than five minutes")
        return moment

    def _completed(self, value: object, status: object, placed_at: datetime) -> datetime | None:
        if value is None:
            if status == "completed":
                raise Refused("completed_at", "must be set when the status is completed")
            return None
        if status == "paid":
            raise Refused("completed_at", "must be null when the status is paid")
        completed_at = self._moment(value, "completed_at")
        if completed_at < placed_at:
            raise Refused("completed_at", "must not lie before placed_at")
        return completed_at

    def hashed(self, reference: str) -> str:
        """A customer's reference as it is stored: HMAC-SHA-256 under the installation's key, in hex."""
        if not reference:
            return ""
        if _HASHED.fullmatch(reference):  # a row of the rejects inbox, sent again: it was hashed when it was refused
            return reference.removeprefix(HASHED)
        return hmac.new(self.key, reference.encode(errors="backslashreplace"), "sha256").hexdigest()


def _lines(value: object) -> tuple[Line, ...]:
    if not isinstance(value, list):
        raise Refused("lines", "must be a list")
    if not 1 <= len(value) <= MAX_LINES:
        raise Refused("lines", f"must have 1 to {MAX_LINES:,} lines, not {len(value):,}")
    lines = tuple(_line(line, f"lines[{index}]") for index, line in enumerate(value))
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line.line_id in seen:
            raise Refused(f"lines[{index}].line_id", "is the id of another line of this order")
        seen.add(line.line_id)
    return lines


def _line(value: object, path: str) -> Line:
    row = _object(value, path, LINE_KEYS, LINE_REQUIRED)
    quantity = row["quantity"]
    if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
        raise Refused(f"{path}.quantity", f"must be a whole number from 1 to {MAX_QUANTITY}")
    amount = _amount(row["amount"], f"{path}.amount")
    refunded = _amount(row["refunded"], f"{path}.refunded")
    if refunded > amount:
        raise Refused(f"{path}.refunded", "must not be more than the amount")
    return Line(
        line_id=_filled(row["line_id"], f"{path}.line_id", LONGEST["line_id"]),
        sku=_optional(row.get("sku"), f"{path}.sku", LONGEST["sku"]),
        title=_optional(row.get("title"), f"{path}.title", LONGEST["title"]),
        category=_filled(row["category"], f"{path}.category", LONGEST["category"]),
        quantity=quantity,
        amount=amount,
        refunded=refunded,
    )


def _amount(value: object, field: str) -> Decimal:
    if not isinstance(value, str) or not AMOUNT.fullmatch(value):
        raise Refused(field, 'must be a string of digits, a point and two digits, as "15.30"')
    amount = Decimal(value)
    if amount > MAX_AMOUNT:
        raise Refused(field, "must be at most 1000000.00")
    return amount


def _object(value: object, path: str, known: tuple[str, ...], required: tuple[str, ...]) -> dict[str, Any]:
    """`value` as an object with known keys, all required ones among them, and no key twice."""
    prefix = f"{path}." if path else ""
    if not isinstance(value, dict):
        raise Refused(path, "must be an object")
    twice = getattr(value, "twice", None)
    if twice is not None:
        raise Refused(f"{prefix}{_shown(twice)}", "is a key that stands twice")
    for key in value:
        if key not in known:
            raise Refused(f"{prefix}{_shown(key)}", "is no key of a snapshot")
    for key in required:
        if key not in value:
            raise Refused(f"{prefix}{key}", "is required")
    return value


def _filled(value: object, field: str, most: int) -> str:
    text = _text(value, field, most)
    if not text.strip():
        raise Refused(field, "must not be empty")
    return text


def _optional(value: object, field: str, most: int) -> str:
    return "" if value is None else _text(value, field, most)


def _text(value: object, field: str, most: int) -> str:
    if not isinstance(value, str):
        raise Refused(field, "must be a string")
    if len(value) > most:
        raise Refused(field, f"must have at most {most} characters")
    if "\0" in value:
        raise Refused(field, "contains a NUL character")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise Refused(field, "contains a lone surrogate")
    return value


def _shown(key: str) -> str:
    """A key as it may be printed and stored: short, printable, encodable."""
    return key[:64].encode("ascii", "backslashreplace").decode().replace("\0", "\\x00")
