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

from lib.text import fold_code
from tracking.orders.snapshot_fields import (
    Keys,
    Rejected,
    check_object,
    parse_amount,
    parse_category,
    parse_click_id,
    parse_coupons,
    parse_line_id,
    parse_moment,
    parse_optional_text,
    parse_text,
)

MAX_LINES = 1_000
MAX_QUANTITY = 1_000_000_000
MAX_CLOCK_SKEW = timedelta(minutes=5)
HASH_PREFIX = "hash:"

KEYS = (
    *("order_id", "updated_at", "status", "placed_at", "completed_at"),
    *("currency", "click_id", "coupon", "coupons", "customer", "lines"),
)
REQUIRED = ("order_id", "updated_at", "status", "placed_at", "currency", "lines")
LINE_KEYS = ("line_id", "sku", "title", "category", "quantity", "amount", "refunded")
LINE_REQUIRED = ("line_id", "category", "quantity", "amount", "refunded")
CUSTOMER_KEYS = ("ref", "country")
_ORDER, _LINE, _CUSTOMER = Keys(KEYS, REQUIRED), Keys(LINE_KEYS, LINE_REQUIRED), Keys(CUSTOMER_KEYS, ())
ORDER_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
STATUSES = ("paid", "completed", "cancelled")
_HASHED_PATTERN = re.compile(r"hash:[0-9a-f]{64}", re.ASCII)


class Line(NamedTuple):
    line_id: str
    sku: str
    title: str
    category: str
    quantity: int
    amount: Decimal
    refunded: Decimal


class Snapshot(NamedTuple):
    """An order as of `updated_at`. Times are in UTC, amounts have two decimals, and missing text is "".

    `coupons` are the codes as the shop sent them, before cleaning; `sent_click_id` is a click id before it was cleaned.
    `sent_digest` is the digest of the snapshot before codes of erased affiliates were replaced, if there were any.
    Categories are folded as `lib.text.fold_code` does.
    """

    order_id: str
    updated_at: datetime
    status: str
    placed_at: datetime
    completed_at: datetime | None
    currency: str
    click_id: str
    coupons: tuple[str, ...]
    customer_hash: str
    country: str
    lines: tuple[Line, ...]
    sent_click_id: str = ""
    sent_digest: str = ""

    def build_content(self) -> dict[str, Any]:
        """Return the snapshot in normal form, with codes as they are compared and `customer.ref` as a keyed hash."""
        return {
            "order_id": self.order_id,
            "updated_at": format_timestamp(self.updated_at),
            "status": self.status,
            "placed_at": format_timestamp(self.placed_at),
            "completed_at": format_timestamp(self.completed_at) if self.completed_at else None,
            "currency": self.currency,
            "click_id": self.click_id or None,
            "coupons": [fold_code(code) for code in self.coupons],
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

        Both are equal for equal content, regardless of key order and time zone offsets. What cleaning changed is added
        to the text as `sent`, after the digest was made: a code with a space is no other content.
        """
        content = self.build_content()
        text = dump_canonical(content)
        digest = self.sent_digest or hashlib.sha256(text).hexdigest()
        sent: dict[str, Any] = {}
        if content["coupons"] != list(self.coupons):
            sent["coupons"] = self.coupons
        if self.sent_click_id:
            sent["click_id"] = self.sent_click_id
        return (text[:-1] + b',"sent":' + dump_canonical(sent) + b"}" if sent else text), digest


def dump_canonical(content: Mapping[str, Any]) -> bytes:
    """Serialize to ASCII-only JSON with sorted keys and no spaces."""
    fast = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    if fast.isascii() and b"\x7f" not in fast:
        return fast  # identical to the output below
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def format_timestamp(moment: datetime) -> str:
    """Format a time as ISO 8601 in UTC, with Z."""
    # The same text as that of isoformat(), in a quarter of the time.
    return orjson.dumps(moment.astimezone(UTC), option=orjson.OPT_UTC_Z)[1:-1].decode()


class Reader:
    """Parses rows for a program's currency, at the time `now`, with the key for hashing customer references."""

    def __init__(self, *, currency: str, now: datetime, key: str) -> None:
        self.currency = currency
        self.latest = now + MAX_CLOCK_SKEW
        self.key = key.encode()

    def read(self, row: object) -> Snapshot:
        """Parse a row of decoded JSON. Raises Rejected."""
        row = check_object(row, "", _ORDER)
        order_id = parse_text(row["order_id"], "order_id", 64)
        if not ORDER_ID.fullmatch(order_id):
            raise Rejected("order_id", "must be 1 to 64 letters, digits, '.', '_' or '-'")
        updated_at = parse_moment(row["updated_at"], "updated_at", self.latest)
        status = row["status"]
        if status not in STATUSES:
            raise Rejected("status", "must be paid, completed or cancelled")
        placed_at = parse_moment(row["placed_at"], "placed_at", self.latest)
        completed_at = self._parse_completed_at(row.get("completed_at"), status, placed_at)
        if row["currency"] != self.currency:
            raise Rejected("currency", f"must be {self.currency}, the program's currency")
        customer = row.get("customer")
        customer = check_object(customer, "customer", _CUSTOMER) if customer is not None else {}
        click_id, sent_click_id = parse_click_id(row.get("click_id"))
        return Snapshot(
            order_id=order_id,
            updated_at=updated_at,
            status=str(status),
            placed_at=placed_at,
            completed_at=completed_at,
            currency=self.currency,
            click_id=click_id,
            coupons=parse_coupons(row.get("coupon"), row.get("coupons")),
            customer_hash=self.hash_reference(parse_optional_text(customer.get("ref"), "customer.ref", "customer.ref")),
            country=parse_optional_text(customer.get("country"), "customer.country", "customer.country"),
            lines=_parse_lines(row["lines"]),
            sent_click_id=sent_click_id,
        )

    def _parse_completed_at(self, value: object, status: object, placed_at: datetime) -> datetime | None:
        if value is None:
            if status == "completed":
                raise Rejected("completed_at", "must be set when the status is completed")
            return None
        if status == "paid":
            raise Rejected("completed_at", "must be null when the status is paid")
        completed_at = parse_moment(value, "completed_at", self.latest)
        if completed_at < placed_at:
            raise Rejected("completed_at", "must not be before placed_at")
        return completed_at

    def hash_reference(self, reference: str) -> str:
        """Return the stored form of a customer reference: its HMAC-SHA-256 in hex."""
        return hash_reference(reference, self.key)


def hash_reference(reference: str, key: bytes) -> str:
    """Return the HMAC-SHA-256 of a customer reference in hex; "" of an empty one."""
    # A rejected order that is retried has its reference hashed already.
    if not reference or _HASHED_PATTERN.fullmatch(reference):
        return reference.removeprefix(HASH_PREFIX)
    return hmac.new(key, reference.encode(errors="backslashreplace"), "sha256").hexdigest()


def _parse_lines(value: object) -> tuple[Line, ...]:
    if not isinstance(value, list):
        raise Rejected("lines", "must be a list")
    if not 1 <= len(value) <= MAX_LINES:
        raise Rejected("lines", f"must have 1 to {MAX_LINES:,} lines, not {len(value):,}")
    lines: list[Line] = []
    for index, row in enumerate(value):
        try:
            lines.append(_parse_line(row))
        except Rejected as refusal:
            raise refusal.within(f"lines[{index}]") from None
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line.line_id in seen:
            raise Rejected(f"lines[{index}].line_id", "is used by another line of this order")
        seen.add(line.line_id)
    return tuple(lines)


def _parse_line(value: object) -> Line:
    row = check_object(value, "", _LINE)
    quantity = row["quantity"]
    if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
        raise Rejected("quantity", f"must be a whole number from 1 to {MAX_QUANTITY}")
    amount = parse_amount(row["amount"], "amount")
    refunded = parse_amount(row["refunded"], "refunded")
    if refunded > amount:
        raise Rejected("refunded", "must not be more than the amount")
    return Line(
        parse_line_id(row["line_id"], "line_id"),
        parse_optional_text(row.get("sku"), "sku", "sku"),
        parse_optional_text(row.get("title"), "title", "title"),
        parse_category(row["category"], "category"),
        quantity,
        amount,
        refunded,
    )
