"""Rows of a file to snapshots of orders: a row is a line, and rows of one order id are one order (CONTRACT 4).

Pure: no database. Nothing is judged here but whether the rows of an order agree; the rest is said by
`tracking.orders.snapshots`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from shops.csv_import.columns import OF_THE_CUSTOMER, OF_THE_LINE, OF_THE_ORDER, REQUIRED
from shops.intake import Contradicted

_IN_A_LINE = re.compile(r"lines\[(\d+)\](?:\.(.+))?")


class Grouped(NamedTuple):
    """An order of the file: what goes to intake, the row of each line, and the row that contradicts the first, if any."""

    order_id: str
    snapshot: dict[str, Any] | Contradicted
    rows: list[int]
    odd_row: int | None = None

    def place(self, path: str) -> tuple[int, str]:
        """The row of the file, and the field of a column, that a refusal at `path` is about."""
        found = _IN_A_LINE.match(path)
        if found and int(found[1]) < len(self.rows):
            return self.rows[int(found[1])], found[2] or ""
        return self.odd_row or self.rows[0], path


class _Begun:
    """An order while its rows are read."""

    __slots__ = ("cells", "lines", "odd", "rows")

    def __init__(self, cells: tuple[str, ...]) -> None:
        self.cells, self.lines, self.rows = cells, list[dict[str, Any]](), list[int]()
        self.odd: tuple[int, tuple[str, ...]] | None = None


def orders(records: Iterable[tuple[int, Sequence[str]]], columns: Mapping[str, int]) -> list[Grouped]:
    """The orders of the file in the order of ids, in which every sender takes its locks."""
    of_order = [field for field in OF_THE_ORDER if field in columns]
    of_line = [field for field in OF_THE_LINE if field in columns]
    begun: dict[str, _Begun] = {}
    for number, row in records:
        cells = tuple(row[columns[field]] for field in of_order)
        # Rows without an order id have nothing in common.
        order = begun.setdefault(row[columns["order_id"]] or f" {number:09}", _Begun(cells))
        if order.odd is None and cells != order.cells:
            order.odd = (number, cells)
        order.lines.append({field: _value(field, row[columns[field]]) for field in of_line})
        order.rows.append(number)
    return [
        _grouped("" if order_id.startswith(" ") else order_id, begun[order_id], of_order) for order_id in sorted(begun)
    ]


def _grouped(order_id: str, order: _Begun, fields: Sequence[str]) -> Grouped:
    snapshot = _snapshot(dict(zip(fields, order.cells, strict=True)), order.lines)
    if order.odd is None:
        return Grouped(order_id, snapshot, order.rows)
    number, cells = order.odd
    field = next(name for name, one, other in zip(fields, order.cells, cells, strict=True) if one != other)
    both = [order.cells[fields.index(field)], cells[fields.index(field)]]
    # What tells who somebody is goes nowhere but into a hash.
    found = "" if field in OF_THE_CUSTOMER else f" ({both[1][:60]!r}, {both[0][:60]!r})"
    cause = f"must be the same in every row of an order; row {number} differs from row {order.rows[0]}{found}"
    _put(snapshot, field, both)
    return Grouped(order_id, Contradicted(snapshot, field, cause), order.rows, number)


def _snapshot(cells: Mapping[str, str], lines: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, cell in cells.items():
        _put(found, field, _value(field, cell))
    return found | {"lines": lines}


def _put(snapshot: dict[str, Any], field: str, value: object) -> None:
    """Set a field; with two values that contradict each other it is of no form, and is refused until somebody chooses."""
    if field in OF_THE_CUSTOMER:
        snapshot.setdefault("customer", {})[field.removeprefix("customer.")] = value
    else:
        snapshot[field] = value


def _value(field: str, cell: str) -> str | int | None:
    """A cell as JSON would have it: a whole number where one is meant, nothing for an empty cell that may be empty."""
    if not cell and field not in REQUIRED:
        return None
    if field == "quantity" and cell.isascii() and cell.isdigit() and len(cell) <= 18:
        return int(cell)
    return cell
