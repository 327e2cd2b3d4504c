"""Rows of a file to snapshots of orders: a row is a line, and rows of one order id are one order (CONTRACT 4).

Pure: no database. Nothing is judged here but whether the rows of an order agree; the rest is said by
`tracking.orders.snapshots`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from shops.csv_import.columns import CUSTOMER_FIELDS, LINE_FIELDS, ORDER_FIELDS, REQUIRED
from tracking.orders.incoming import IncomingOrder

_LINE_PATH = re.compile(r"lines\[(\d+)\](?:\.(.+))?")


class OrderGroup(NamedTuple):
    """An order of the file: what goes to intake, the row of each line, and the row that contradicts the first, if any."""

    order_id: str
    snapshot: dict[str, Any] | IncomingOrder
    rows: list[int]
    conflicting_row: int | None = None

    def locate(self, path: str) -> tuple[int, str]:
        """The row of the file, and the field of a column, that a refusal at `path` is about."""
        found = _LINE_PATH.match(path)
        if found and int(found[1]) < len(self.rows):
            return self.rows[int(found[1])], found[2] or ""
        return self.conflicting_row or self.rows[0], path


class _GroupBuilder:
    """An order while its rows are read."""

    __slots__ = ("cells", "conflict", "lines", "rows")

    def __init__(self, cells: tuple[str, ...]) -> None:
        self.cells, self.lines, self.rows = cells, list[dict[str, Any]](), list[int]()
        self.conflict: tuple[int, tuple[str, ...]] | None = None


def group_orders(records: Iterable[tuple[int, Sequence[str]]], columns: Mapping[str, int]) -> list[OrderGroup]:
    """The orders of the file in the order of ids, in which every sender takes its locks."""
    of_order = [field for field in ORDER_FIELDS if field in columns]
    of_line = [field for field in LINE_FIELDS if field in columns]
    begun: dict[str, _GroupBuilder] = {}
    for number, row in records:
        cells = tuple(row[columns[field]] for field in of_order)
        # Rows without an order id have nothing in common.
        order = begun.setdefault(row[columns["order_id"]] or f" {number:09}", _GroupBuilder(cells))
        if order.conflict is None and cells != order.cells:
            order.conflict = (number, cells)
        order.lines.append({field: _parse_cell(field, row[columns[field]]) for field in of_line})
        order.rows.append(number)
    return [
        _build_group("" if order_id.startswith(" ") else order_id, begun[order_id], of_order)
        for order_id in sorted(begun)
    ]


def _build_group(order_id: str, order: _GroupBuilder, fields: Sequence[str]) -> OrderGroup:
    snapshot = _build_snapshot(dict(zip(fields, order.cells, strict=True)), order.lines)
    if order.conflict is None:
        return OrderGroup(order_id, snapshot, order.rows)
    number, cells = order.conflict
    field = next(name for name, one, other in zip(fields, order.cells, cells, strict=True) if one != other)
    both = [order.cells[fields.index(field)], cells[fields.index(field)]]
    # What tells who somebody is goes nowhere but into a hash.
    found = "" if field in CUSTOMER_FIELDS else f" ({both[1][:60]!r}, {both[0][:60]!r})"
    cause = f"must be the same in every row of an order; row {number} differs from row {order.rows[0]}{found}"
    _set_field(snapshot, field, both)
    return OrderGroup(order_id, IncomingOrder(snapshot).refuse(field, cause), order.rows, number)


def _build_snapshot(cells: Mapping[str, str], lines: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, cell in cells.items():
        _set_field(found, field, _parse_cell(field, cell))
    return found | {"lines": lines}


def _set_field(snapshot: dict[str, Any], field: str, value: object) -> None:
    """Set a field; with two values that contradict each other it is of no form, and is refused until somebody chooses."""
    if field in CUSTOMER_FIELDS:
        snapshot.setdefault("customer", {})[field.removeprefix("customer.")] = value
    else:
        snapshot[field] = value


def _parse_cell(field: str, cell: str) -> str | int | None:
    """A cell as JSON would have it: a whole number where one is meant, nothing for an empty cell that may be empty."""
    if not cell and field not in REQUIRED:
        return None
    if field == "quantity" and cell.isascii() and cell.isdigit() and len(cell) <= 18:
        return int(cell)
    return cell
