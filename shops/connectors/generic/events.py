"""From the JSON of a shop to what an event says about its order, by the connection's paths (specification 11). Pure.

Only the fields that a snapshot needs are kept: the rest of the JSON may hold anything about a customer.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from shops.connectors.base import Ignored, OrderParts, StoredEvent, format_version
from shops.connectors.generic.options import MAX_REVISION, GenericOptions
from shops.connectors.generic.paths import InvalidPath, Steps, walk
from shops.connectors.generic.values import read_flag, read_moment, read_number, read_size, read_text, read_texts
from shops.connectors.parts import Part
from tracking.clicks.click_ids import find_click_id
from tracking.orders.snapshot_fields import MAX_COUPONS, MAX_LENGTHS, Rejected

# With the longest prefix of a connection, an order id has 64 characters.
ORDER_ID = re.compile(r"[A-Za-z0-9._-]{1,51}")
MAX_LINES = 1_000
MAX_CATEGORIES = 50
MAX_CATEGORY = 300
MAX_STATUS = 60
TOLERANCE = timedelta(minutes=5)


def read_order(event: StoredEvent, options: GenericOptions) -> OrderParts:
    """Return what an event says. Raises Ignored, or Rejected with the field of the snapshot."""
    reader = _Reader(event, options)
    topic = reader.text("topic")
    if options["topics"] and topic not in options["topics"]:
        raise Ignored(f"the topic {topic[:100] or '(none)'} is not used")
    if read_flag(reader.find("test")):
        raise Ignored("a test order")
    order_id = reader.require_text("order_id")
    if not ORDER_ID.fullmatch(order_id):
        raise Rejected("order_id", "must have 1 to 51 of A-Z, a-z, 0-9, point, underscore and hyphen")
    return OrderParts(order_id, reader.read_parts())


class _Reader:
    """Finds the fields in one event."""

    def __init__(self, event: StoredEvent, options: GenericOptions) -> None:
        self.event, self.options = event, options
        self.root = event.content

    def find(self, field: str, element: Any = None, prefix: Steps = ()) -> list[Any]:
        try:
            path = self.options.get_path(field)
        except InvalidPath as error:
            raise Rejected(field, f"has an invalid path: {error}") from None
        return path.find(self.root, element, prefix) if path else []

    def text(self, field: str) -> str:
        return read_text(self.find(field), field)

    def require_text(self, field: str) -> str:
        text = self.text(field)
        if not text:
            raise Rejected(field, self._describe_missing(field))
        return text

    def moment(self, field: str) -> datetime | None:
        return read_moment(self.find(field), field, self.options["time_zone"])

    def _describe_missing(self, field: str) -> str:
        path = self.options.get_path_text(field)
        return f"is missing: nothing is at {path}" if path else "is missing: it has no path"

    def read_parts(self) -> list[Part]:
        """Return the order, and what is kept of the first event that said it."""
        changed_at = min(self.moment("updated_at") or self.event.received_at, self.event.received_at + TOLERANCE)
        base = f"{format_version(changed_at)} {self.event.arrival_version}"
        revision = min(int(self.options["revision"]), MAX_REVISION)
        # Of parts that keep the first, a higher revision must sort before a lower one.
        newest, first = f"{base} {revision:05d}", f"{base} {MAX_REVISION - revision:05d}"
        placed_at = self.moment("placed_at")
        if placed_at is None:
            raise Rejected("placed_at", self._describe_missing("placed_at"))
        order = self._read_order(changed_at)
        parts = [
            Part("order", newest, order),
            Part("placed", first, {"at": placed_at.isoformat()}, keeps_first=True),
            Part(f"word:{order['status']}", first, {"at": changed_at.isoformat()}, keeps_first=True),
        ]
        click_id = find_click_id(self.text("click_id")[:4_000])
        if 0 < len(click_id) <= MAX_LENGTHS["click_id"]:
            parts.append(Part("click", first, {"click_id": click_id}, keeps_first=True))
        return parts

    def _read_order(self, changed_at: datetime) -> dict[str, Any]:
        paid_at, completed_at = self.moment("paid_at"), self.moment("completed_at")
        coupons = read_texts(self.find("coupons"), "coupons")
        return {
            "changed_at": changed_at.isoformat(),
            "status": self.text("status")[:MAX_STATUS].lower(),
            "is_cancelled": read_flag(self.find("cancelled")),
            "paid_at": paid_at and paid_at.isoformat(),
            "completed_at": completed_at and completed_at.isoformat(),
            "currency": self.require_text("currency").upper(),
            "coupons": [code for code in coupons if len(code) <= MAX_LENGTHS["coupon"]][:MAX_COUPONS],
            "customer_ref": self.text("customer_ref")[: MAX_LENGTHS["customer.ref"]],
            "customer_country": self.text("customer_country")[: MAX_LENGTHS["customer.country"]],
            "total": _write(read_size(self.find("total"), "total")),
            "lines": self._read_lines(),
        } | self._read_sums("", None, of_line=False)

    def _read_lines(self) -> list[dict[str, Any]]:
        elements = walk(self.root, self.options.line_steps)
        if not elements:
            raise Rejected("lines", self._describe_missing("lines"))
        if len(elements) > MAX_LINES:
            raise Rejected("lines", f"must have at most {MAX_LINES:,} lines, not {len(elements):,}")
        return [self._read_line(number, element) for number, element in enumerate(elements)]

    def _read_line(self, number: int, element: Any) -> dict[str, Any]:
        path = f"lines[{number}]"
        steps = self.options.line_steps

        def find(field: str) -> list[Any]:
            return self.find(field, element, steps)

        amount = read_number(find("amount"), f"{path}.amount")
        if amount is None:
            raise Rejected(f"{path}.amount", self._describe_missing("amount"))
        texts = {name: read_text(find(name), f"{path}.{name}") for name in ("line_id", "product_key", "sku", "title")}
        categories = read_texts(find("category"), f"{path}.category")
        return {
            "line_id": texts["line_id"] or str(number + 1),
            "product_key": texts["product_key"][:100],
            "sku": texts["sku"][: MAX_LENGTHS["sku"]],
            "title": texts["title"][: MAX_LENGTHS["title"]],
            "categories": [name[:MAX_CATEGORY] for name in categories][:MAX_CATEGORIES],
            "quantity": _write(read_size(find("quantity"), f"{path}.quantity")) or "1",
            "amount": str(amount),
            "refunded_quantity": _write(read_size(find("refunded_quantity"), f"{path}.refunded_quantity")),
        } | self._read_sums(f"{path}.", element, of_line=True)

    def _read_sums(self, path: str, element: Any, *, of_line: bool) -> dict[str, str | None]:
        """Return the sums of a line or of the order."""
        names = self.options.list_sums(of_line=of_line)
        steps = self.options.line_steps
        return {name: _write(read_size(self.find(name, element, steps), f"{path}{name}")) for name in names}


def _write(number: Decimal | None) -> str | None:
    return None if number is None else str(number)
