"""File rows grouped into order snapshots: a row is a line, rows with one order id are an order (specification 4).

Pure: no database. Checks only that the rows of an order agree; `order_cells` reads their values.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import ngettext

from lib.csv import CsvRow
from shops.csv_import.columns import CUSTOMER_FIELDS, LINE_EXTRAS, LINE_FIELDS, ORDER_EXTRAS, ORDER_FIELDS
from shops.csv_import.order_cells import Context, OrderReading, set_field
from tracking.orders.incoming import IncomingOrder
from tracking.orders.snapshot_problems import find_problems
from tracking.orders.snapshots import Reader

MAX_UNPAID_NAMED = 10
_LINE_PATH = re.compile(r"lines\[(\d+)\](?:\.(.+))?")
_LINE_AMOUNT = re.compile(r"lines\[\d+\]\.(amount|refunded)")


class OrderGroup(NamedTuple):
    """An order of the file: its snapshot, the line number of each row, what is wrong with it as (field, cause).

    `conflicting_rows` has the line number of the row that contradicts the first, by problem.
    """

    order_id: str
    snapshot: dict[str, Any] | IncomingOrder
    rows: list[int]
    problems: Sequence[tuple[str, str]] = ()
    conflicting_rows: Mapping[tuple[str, str], int] = {}

    def locate(self, path: str, cause: str) -> tuple[int, str]:
        """Return the line of the file and the field for a problem at the snapshot's `path`."""
        match = _LINE_PATH.match(path)
        if match and int(match[1]) < len(self.rows):
            return self.rows[int(match[1])], match[2] or ""
        return self.conflicting_rows.get((path, cause), self.rows[0]), path.partition("[")[0]

    def find_problems(self, result: IncomingOrder, reader: Reader) -> list[tuple[str, str]]:
        """Return everything that is wrong with the order as (path, cause): why it was refused, and the rest."""
        problems = find_problems(reader, result.row, self.problems or [(result.field, result.cause)])
        if not any(path in ORDER_EXTRAS for path, _cause in self.problems):
            return problems
        # The amounts of the lines could not be computed, which is no further problem.
        return [each for each in problems if each in self.problems or not _LINE_AMOUNT.fullmatch(each[0])]


class _GroupBuilder:
    """An order while its rows are being read."""

    __slots__ = ("cells", "conflicts", "lines", "rows")

    def __init__(self, cells: list[str]) -> None:
        self.cells, self.lines, self.rows = cells, list[dict[str, str]](), list[int]()
        # By the index of a field, the first row that differs and its cell.
        self.conflicts: dict[int, tuple[int, str]] = {}

    def compare(self, line: int, cells: Sequence[str], *, fill: bool) -> None:
        """Note the cells that contradict those of the rows above. A blank cell repeats the one above.

        With `fill` a cell also fills in a blank one above, because the shop's export has each value only once.
        """
        for index, (cell, above) in enumerate(zip(cells, self.cells, strict=True)):
            if not cell or cell == above:
                continue
            if fill and not above:
                self.cells[index] = cell
            else:
                self.conflicts.setdefault(index, (line, cell))


def group_orders(csv_rows: Iterable[CsvRow], context: Context) -> tuple[list[OrderGroup], list[str]]:
    """Return the orders of the file, and sentences about what is left out or taken from elsewhere.

    Orders are sorted by order id, the order in which every sender takes its locks.
    """
    columns = context.mapping.columns
    order_fields = [field for field in (*ORDER_FIELDS, *ORDER_EXTRAS) if field in columns]
    line_fields = [field for field in (*LINE_FIELDS, *LINE_EXTRAS) if field in columns]
    builders: dict[str, _GroupBuilder] = {}
    is_preset, above = context.mapping.preset is not None, ""
    for line, row in csv_rows:
        cells = [row[columns[field]] for field in order_fields]
        # Each row without an order id is an order of its own, but in a shop's export it continues the one above.
        above = row[columns["order_id"]].removeprefix("#") or (above if is_preset and above else f" {line:09}")
        order = builders.setdefault(above, _GroupBuilder(cells))
        order.compare(line, cells, fill=is_preset)
        order.lines.append({field: row[columns[field]] for field in line_fields})
        order.rows.append(line)
    groups, unpaid = [], []
    for order_id in sorted(builders):
        group = _build_group(order_id.strip(), builders[order_id], order_fields, context)
        groups += [group] if group else []
        unpaid += [] if group else [order_id]
    return groups, [*context.list_notes(), *_describe_unpaid(unpaid)]


def _describe_unpaid(order_ids: Sequence[str]) -> list[str]:
    if not order_ids:
        return []
    text = ngettext(
        "%(count)d order that is not paid is left out: %(names)s.",
        "%(count)d orders that are not paid are left out: %(names)s.",
        len(order_ids),
    )
    names = ", ".join(order_id[:64] for order_id in order_ids[:MAX_UNPAID_NAMED])
    more = ", …" if len(order_ids) > MAX_UNPAID_NAMED else ""
    return [text % {"count": len(order_ids), "names": names + more}]


def _build_group(order_id: str, order: _GroupBuilder, fields: Sequence[str], context: Context) -> OrderGroup | None:
    reading = OrderReading(context, dict(zip(fields, order.cells, strict=True)), order.lines)
    snapshot = reading.read()
    if snapshot is None:
        return None
    rows = [order.rows[index] for index in reading.line_indexes] or order.rows
    conflicts = [_describe_conflict(snapshot, order, fields, index) for index in order.conflicts]
    problems = [*conflicts, *reading.problems]
    if not problems:
        return OrderGroup(order_id, snapshot, rows)
    lines = (line for line, _cell in order.conflicts.values())
    conflicting_rows = dict(zip(conflicts, lines, strict=True))
    return OrderGroup(order_id, IncomingOrder(snapshot).refuse(*problems[0]), rows, problems, conflicting_rows)


def _describe_conflict(
    snapshot: dict[str, Any], order: _GroupBuilder, fields: Sequence[str], index: int
) -> tuple[str, str]:
    """Return the field in which the rows differ, with the cause, and have it refused in the snapshot, too."""
    line, cell = order.conflicts[index]
    field, both = fields[index], [order.cells[index], cell]
    # Customer data must not be stored except as a hash.
    values = "" if field in CUSTOMER_FIELDS else f" ({both[1][:60]!r}, {both[0][:60]!r})"
    if field in ORDER_FIELDS:
        # A list of two contradicting values is invalid until staff choose one.
        set_field(snapshot, field, both)
    return field, f"must be the same in every row of an order; row {line} differs from row {order.rows[0]}{values}"
