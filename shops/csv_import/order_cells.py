"""The cells of an order of a CSV file as a snapshot (specification 4): values read tolerantly, and their defaults.

Pure: no database. `tracking.orders.snapshots` checks the snapshot afterwards, as strictly as that of the API.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib.csv_columns import ColumnMapping, normalize_heading
from lib.csv_values import Unreadable, has_offset, parse_amount, parse_moment, parse_whole_number
from lib.money import ZERO
from shops.csv_import.amounts import allocate, compute_goods, spread_refund
from shops.csv_import.columns import CUSTOMER_FIELDS, DEFAULTS, LINE_FIELDS, ORDER_FIELDS, REQUIRED
from shops.csv_import.presets import PLAIN_WORDS, REFUNDED, STATUS_WORDS, UNPAID
from tracking.orders import snapshots

TIMES = ("updated_at", "placed_at", "completed_at")
_CLICK_ID_NOTE = re.compile(r"^_?(?:accord_)?click_id: *(\S+)", re.IGNORECASE | re.MULTILINE)
# How exports of WooCommerce pack the coupons of an order: `code:SUMMER|amount:5.00;code:...`.
_PACKED_COUPON = re.compile(r"(?:^|[|;]\s*)code:\s*([^|;]+)")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)


@dataclass(slots=True)
class Context:
    """What a file does not say itself: the mapping of its columns, and what is taken where it has no value.

    Counts what was taken, for the preview.
    """

    mapping: ColumnMapping
    currency: str
    zone: ZoneInfo
    read_at: datetime
    category: str
    blanks: Counter[str] = field(default_factory=Counter)
    times_in_zone: int = 0

    def list_notes(self) -> list[str]:
        """Return sentences about the values that were taken from elsewhere."""
        notes = []
        for name, count in self.blanks.items():
            default = DEFAULTS.get(name) or _("updated_at")
            text = ngettext(
                "%(field)s has no value once: %(default)s is taken.",
                "%(field)s has no value %(count)d times: %(default)s is taken.",
                count,
            )
            notes.append(text % {"field": name, "count": count, "default": default})
        if self.times_in_zone:
            note = _("Times without an offset are read in the program's time zone, %(zone)s.")
            notes.append(note % {"zone": self.zone.key})
        return notes


class OrderReading:
    """The snapshot of an order while it is read. `problems` are the fields that cannot be read, with the causes."""

    def __init__(self, context: Context, cells: Mapping[str, str], lines: Sequence[Mapping[str, str]]) -> None:
        self.context, self.cells = context, cells
        self.problems: list[tuple[str, str]] = []
        self.is_preset = context.mapping.preset is not None
        # A row of a shop's export that has values of the order alone is no line.
        self.line_indexes = [index for index, line in enumerate(lines) if not self.is_preset or any(line.values())]
        self.lines = [lines[index] for index in self.line_indexes]
        self.snapshot: dict[str, Any] = {}

    def read(self) -> dict[str, Any] | None:
        """Return the snapshot, or None if the order is not paid yet."""
        status, is_refunded = self._read_status()
        if status == UNPAID:
            return None
        for name in ORDER_FIELDS:
            if name in self.cells or name in DEFAULTS:
                set_field(self.snapshot, name, self._read_order_field(name))
        self._complete(status)
        lines = [self._read_line(index, line) for index, line in enumerate(self.lines)]
        self._fill_amounts(lines, is_refunded=is_refunded)
        self.snapshot["lines"] = lines
        return self.snapshot

    def _read_status(self) -> tuple[str, bool]:
        """Return the status of a snapshot or UNPAID, else the word itself; and whether all was refunded."""
        preset = self.context.mapping.preset
        words = STATUS_WORDS[preset.name] if preset else PLAIN_WORDS
        cell = self.cells.get("status", "")
        word = normalize_heading(cell)
        status = words.words.get(word.removeprefix("wc") if preset else word, cell)
        is_refunded = status == REFUNDED
        if is_refunded:
            status = "paid"
        if self.cells.get("cancelled_at"):
            return "cancelled", is_refunded
        if status == "paid" and words.fulfilled:
            is_fulfilled = normalize_heading(self.cells.get("fulfillment", "")) == words.fulfilled
            return "completed" if is_fulfilled else status, is_refunded
        return status, is_refunded

    def _read_order_field(self, name: str) -> object:
        cell = self.cells.get(name, "")
        if name == "order_id":
            return cell.removeprefix("#")
        if name == "click_id" and not cell:
            match = _CLICK_ID_NOTE.search(self.cells.get("note_attributes", ""))
            return match[1] if match else None
        if name == "coupon" and self.is_preset and (codes := _split_coupons(cell))[1:]:
            self.snapshot["coupons"] = codes
            return None
        if name == "coupon" and self.is_preset:
            return codes[0] or None
        if name == "coupons":
            return [code.strip() for code in cell.split(",")] if cell else None
        if name == "currency":
            return cell.upper() or self._take_default(name, self.context.currency)
        if name == "updated_at" and not cell:
            return self._take_default(name, snapshots.format_timestamp(self.context.read_at))
        if name in TIMES and cell:
            return self._parse_time(name, cell)
        return cell if cell or name in REQUIRED else None

    def _complete(self, status: str) -> None:
        """Set the status, and when the order was completed: at the latest when the snapshot was made."""
        self.snapshot["status"] = status
        if status == "completed" and not self.snapshot.get("completed_at"):
            self.context.blanks["completed_at"] += 1
            self.snapshot["completed_at"] = self.snapshot["updated_at"]
        elif status == "paid" and self.is_preset:
            self.snapshot["completed_at"] = None
        if note_click := _CLICK_ID_NOTE.search(self.cells.get("note_attributes", "")):
            self.snapshot.setdefault("click_id", note_click[1])

    def _read_line(self, index: int, cells: Mapping[str, str]) -> dict[str, Any]:
        line: dict[str, Any] = {}
        for name in LINE_FIELDS:
            cell = cells.get(name, "")
            path = f"lines[{index}].{name}"
            if name == "line_id":
                line[name] = cell or self._take_default(name, str(index + 1))
            elif name == "quantity":
                line[name] = parse_whole_number(cell) if cell else self._take_default(name, 1)
            elif name == "refunded" and not cell:
                line[name] = self._take_default(name, "0.00")
            elif name == "amount" and "amount" not in cells and "unit_price" in cells:
                line[name] = self._compute_amount(path, cells, line["quantity"])
            elif name in ("amount", "refunded"):
                line[name] = self._parse_amount(path, cell)
            elif name == "category" and name not in cells:
                line[name] = self.context.category
            elif name in cells:
                line[name] = cell if cell or name in REQUIRED else None
        return line

    def _compute_amount(self, path: str, cells: Mapping[str, str], quantity: object) -> str:
        """Return the price of all pieces less the line's discount."""
        price, discount = cells["unit_price"], cells.get("line_discount", "")
        amount, less = self._parse_amount(path, price), self._parse_amount(path, discount) if discount else "0.00"
        if any(field == path for field, _cause in self.problems) or not isinstance(quantity, int):
            return amount
        return str(max(ZERO, Decimal(amount) * quantity - Decimal(less)))

    def _fill_amounts(self, lines: list[dict[str, Any]], *, is_refunded: bool) -> None:
        """Spread what the export says of the whole order, such as its discounts and refunds, over the lines."""
        whole = {name: cell for name, cell in self.cells.items() if name.startswith("order_") and cell}
        totals = {name: self._parse_amount(name, cell) for name, cell in whole.items() if name != "order_id"}
        unreadable = [field for field, _cause in self.problems if field not in TIMES]
        if unreadable or not lines:
            for field in unreadable:
                if field in whole:
                    # Without it the amounts of the lines are wrong: they must not be accepted when this is resent.
                    for line in lines:
                        line["amount"] = whole[field]
            return
        parsed = {name: Decimal(text) for name, text in totals.items()}
        amounts = [Decimal(line["amount"]) for line in lines]
        shipping, tax = parsed.get("order_shipping", ZERO), parsed.get("order_tax", ZERO)
        if "order_subtotal" in parsed and "unit_price" in self.lines[0]:
            subtotal = parsed["order_subtotal"]
            total = parsed.get("order_total", subtotal + shipping + tax)
            amounts = allocate(compute_goods(subtotal=subtotal, shipping=shipping, tax=tax, total=total), amounts)
            for line, amount in zip(lines, amounts, strict=True):
                line["amount"] = f"{amount:.2f}"
        if is_refunded:
            refunds = amounts
        elif parsed.get("order_refunded") and not any(Decimal(line["refunded"]) for line in lines):
            total = parsed.get("order_total", sum(amounts, ZERO) + shipping + tax)
            refunds = spread_refund(parsed["order_refunded"], total=total, amounts=amounts)
        else:
            return
        for line, refund in zip(lines, refunds, strict=True):
            line["refunded"] = f"{refund:.2f}"

    def _take_default(self, name: str, value: str | int) -> str | int:
        if name in self.context.mapping.columns:
            self.context.blanks[name] += 1
        return value

    def _parse_amount(self, path: str, cell: str) -> str:
        try:
            return parse_amount(cell, self.context.currency)
        except Unreadable as error:
            self.problems.append((path, str(error)))
            return cell

    def _parse_time(self, name: str, cell: str) -> str:
        if _INSTANT.fullmatch(cell):
            return cell
        try:
            moment = parse_moment(cell, self.context.zone)
        except Unreadable as error:
            self.problems.append((name, str(error)))
            return cell
        self.context.times_in_zone += not has_offset(cell)
        return moment


def _split_coupons(cell: str) -> list[str]:
    """Return the codes in a cell of a shop's export: packed by WooCommerce, or with commas as Shopify writes them."""
    return [code.strip() for code in _PACKED_COUPON.findall(cell) or cell.split(",")]


def set_field(snapshot: dict[str, Any], name: str, value: object) -> None:
    """Set a field of the order in a snapshot."""
    if name in CUSTOMER_FIELDS:
        snapshot.setdefault("customer", {})[name.removeprefix("customer.")] = value
    else:
        snapshot[name] = value
