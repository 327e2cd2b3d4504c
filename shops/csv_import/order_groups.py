"""File rows grouped into order snapshots: a row is a line, rows with one order id are an order (specification 4).

Pure: no database. Checks only that the rows of an order agree; `tracking.orders.snapshots` checks everything else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lib.csv import CsvRow
from shops.csv_import.columns import CUSTOMER_FIELDS, LINE_FIELDS, ORDER_FIELDS, REQUIRED
from tracking.orders.incoming import IncomingOrder

_LINE_PATH = re.compile(r"lines\[(\d+)\](?:\.(.+))?")


class OrderGroup(NamedTuple):
    """An order of the file: its snapshot, the row number of each line, and of the row that contradicts the first."""

    order_id: str
    snapshot: dict[str, Any] | IncomingOrder
    rows: list[int]
    conflicting_row: int | None = None

    def locate(self, path: str) -> tuple[int, str]:
        """Return the row number and the field for a rejection at the snapshot's `path`."""
        match = _LINE_PATH.match(path)
        if match and int(match[1]) < len(self.rows):
            return self.rows[int(match[1])], match[2] or ""
        return self.conflicting_row or self.rows[0], path.partition("[")[0]


class _GroupBuilder:
    """An order while its rows are being read."""

    __slots__ = ("cells", "conflict", "lines", "rows")

    def __init__(self, cells: tuple[str, ...]) -> None:
        self.cells, self.lines, self.rows = cells, list[dict[str, Any]](), list[int]()
        self.conflict: tuple[int, tuple[str, ...]] | None = None


def group_orders(csv_rows: Iterable[CsvRow], columns: Mapping[str, int]) -> list[OrderGroup]:
    """Return the orders of the file, sorted by order id, the order in which every sender takes its locks."""
    order_fields = [field for field in ORDER_FIELDS if field in columns]
    line_fields = [field for field in LINE_FIELDS if field in columns]
    builders: dict[str, _GroupBuilder] = {}
    for number, _line, row in csv_rows:
        cells = tuple(row[columns[field]] for field in order_fields)
        # Each row without an order id is an order of its own.
        order = builders.setdefault(row[columns["order_id"]] or f" {number:09}", _GroupBuilder(cells))
        if order.conflict is None and cells != order.cells:
            order.conflict = (number, cells)
        order.lines.append({field: _parse_cell(field, row[columns[field]]) for field in line_fields})
        order.rows.append(number)
    return [
        _build_group("" if order_id.startswith(" ") else order_id, builders[order_id], order_fields)
        for order_id in sorted(builders)
    ]


def _build_group(order_id: str, order: _GroupBuilder, fields: Sequence[str]) -> OrderGroup:
    snapshot = _build_snapshot(dict(zip(fields, order.cells, strict=True)), order.lines)
    if order.conflict is None:
        return OrderGroup(order_id, snapshot, order.rows)
    number, cells = order.conflict
    field = next(name for name, one, other in zip(fields, order.cells, cells, strict=True) if one != other)
    both = [order.cells[fields.index(field)], cells[fields.index(field)]]
    # Customer data must not be stored except as a hash.
    values = "" if field in CUSTOMER_FIELDS else f" ({both[1][:60]!r}, {both[0][:60]!r})"
    cause = f"must be the same in every row of an order; row {number} differs from row {order.rows[0]}{values}"
    _set_field(snapshot, field, both)
    return OrderGroup(order_id, IncomingOrder(snapshot).refuse(field, cause), order.rows, number)


def _build_snapshot(cells: Mapping[str, str], lines: list[dict[str, Any]]) -> dict[str, Any]:
    snapshot: dict[str, Any] = {}
    for field, cell in cells.items():
        _set_field(snapshot, field, _parse_cell(field, cell))
    return snapshot | {"lines": lines}


def _set_field(snapshot: dict[str, Any], field: str, value: object) -> None:
    """Set a field of the snapshot; a list of two contradicting values is invalid until staff choose one."""
    if field in CUSTOMER_FIELDS:
        snapshot.setdefault("customer", {})[field.removeprefix("customer.")] = value
    else:
        snapshot[field] = value


def _parse_cell(field: str, cell: str) -> str | int | list[str] | None:
    """Return a cell as JSON would hold it.

    That is an int for a quantity, a list for codes separated by commas, and None for an empty cell of an optional field.
    """
    if not cell and field not in REQUIRED:
        return None
    if field == "coupons":
        return [code.strip() for code in cell.split(",")]
    if field == "quantity" and cell.isascii() and cell.isdigit() and len(cell) <= 18:
        return int(cell)
    return cell
