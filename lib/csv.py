"""The writer of all CSV files. Text typed by users never becomes a formula in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

Cell = str | int | Decimal | date | None
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file object that returns what is written, so that `csv.writer.writerow` returns the line."""

    def write(self, text: str) -> str:
        return text


def escape_cell(cell: Cell) -> str:
    """Return `cell` as text, without NUL characters and with ' in front of text that would start a formula."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    text = cell.replace("\x00", "")
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def iter_csv_lines(header: Sequence[str] | None, rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield the lines of a CSV file, so that files of any length can be streamed."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    if header is not None:
        yield str(writer.writerow(header))
    for row in rows:
        yield str(writer.writerow([escape_cell(cell) for cell in row]))


def build_csv(header: Sequence[str] | None, rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a whole CSV file in UTF-8."""
    return "".join(iter_csv_lines(header, rows)).encode()
