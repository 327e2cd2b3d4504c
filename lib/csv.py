"""The one writer of CSV files: nothing that a person typed becomes a formula in a spreadsheet (RELIABILITY 3)."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

Cell = str | int | Decimal | date | None
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that keeps nothing: csv.writer's `writerow` then returns the line."""

    def write(self, text: str) -> str:
        return text


def escape_cell(cell: Cell) -> str:
    """`cell` as text: amounts and dates as they are, text without NUL and with ' before what would start a formula."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    text = cell.replace("\x00", "")
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def iter_csv_lines(header: Sequence[str] | None, rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The lines of a CSV file, one at a time, so that a file of any length can be streamed."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    if header is not None:
        yield str(writer.writerow(header))
    for row in rows:
        yield str(writer.writerow([escape_cell(cell) for cell in row]))


def build_csv(header: Sequence[str] | None, rows: Iterable[Sequence[Cell]]) -> bytes:
    """A whole CSV file in UTF-8."""
    return "".join(iter_csv_lines(header, rows)).encode()
