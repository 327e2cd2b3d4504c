"""CSV files: one reader with one set of limits, and one writer that turns no typed text into a spreadsheet formula."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MAX_BYTES = 10 * 1024 * 1024
MAX_COLUMNS = 200
# Of one row, over all lines that its quoted cells span. A row of any of our files has a few hundred bytes.
MAX_ROW_BYTES = 1024 * 1024
# About as many as 10 MiB of the shortest order lines have.
MAX_LINES = 150_000
DELIMITERS = (",", ";", "\t")

Cell = str | int | Decimal | date | None
# Excel takes full-width signs for formulas, too. Spreadsheets that split at semicolons or tabs see more starts of cells,
# and skip white space, invisible characters and quotes before them.
_SKIPPED = r"(?:[^\S\t\r\n]|[\u200b-\u200f\u2060\ufeff\"])*"
_FORMULA_START = re.compile(rf"(^(?=[\t\r\n])|(?:^|[;\t\r\n])(?={_SKIPPED}[=+\-@＝＋－＠]))")
_BEFORE_LINE = re.compile(r"(?<=\r)(?!\n)")


class CsvError(Exception):
    """A file or row that cannot be read: a sentence that says why, and the line it is about (0 for the whole file)."""

    def __init__(self, cause: str, line: int = 0) -> None:
        super().__init__(_("Line %(line)d: %(cause)s") % {"line": line, "cause": cause} if line else cause)
        self.cause, self.line = cause, line


class CsvRow(NamedTuple):
    """A row: its number as in a spreadsheet, the line of the file on which it begins, and its stripped cells."""

    number: int
    line: int
    cells: list[str]


def read_csv(content: BinaryIO, delimiter: str = ",") -> Iterator[CsvRow]:
    """Yield the rows of a CSV file in UTF-8, with or without a byte order mark, that have a cell which is not blank.

    Reads line by line, so that a bad file costs little memory. Raises CsvError.
    """
    if content.seek(0, io.SEEK_END) > MAX_BYTES:
        raise CsvError(_("The file is larger than 10 MiB."))
    content.seek(0)
    lines = _Lines(content)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = 1
    try:
        for number, cells in enumerate(reader, 1):
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                if len(stripped) > MAX_COLUMNS:
                    raise CsvError(_build_too_wide_message(len(stripped)), begins)
                yield CsvRow(number, begins, stripped)
            begins, lines.row_bytes = lines.number + 1, 0
    except csv.Error as error:
        raise CsvError(_("This is not CSV: %(cause)s.") % {"cause": error}, begins) from None


def detect_delimiter(content: BinaryIO) -> str:
    """Return the one of `DELIMITERS` that occurs most often in the first line, a comma if none does."""
    content.seek(0)
    first = content.readline(MAX_ROW_BYTES)
    return max(DELIMITERS, key=lambda delimiter: first.count(delimiter.encode()))


def check_width(row: CsvRow, expected: int) -> None:
    """Raise CsvError unless `row` has as many cells as there are headings."""
    if len(row.cells) != expected:
        text = ngettext(
            "This row has %(count)d cell, but there are %(expected)d headings.",
            "This row has %(count)d cells, but there are %(expected)d headings.",
            len(row.cells),
        )
        raise CsvError(text % {"count": len(row.cells), "expected": expected}, row.line)


class _Lines:
    """The lines of a file as text, with the number of the last one, and the bytes read since `row_bytes` was reset."""

    def __init__(self, content: BinaryIO) -> None:
        self.content, self.number, self.row_bytes = content, 0, 0

    def __iter__(self) -> Iterator[str]:
        for encoded in iter(lambda: self.content.readline(MAX_ROW_BYTES + 1), b""):
            self.row_bytes += len(encoded)
            if self.row_bytes > MAX_ROW_BYTES:
                raise CsvError(_("This belongs to a row of more than 1 MiB: is a quote left open?"), self.number + 1)
            for line in _split_carriage_returns(_decode_line(encoded, self.number + 1)):
                self.number += 1
                if self.number > MAX_LINES:
                    raise CsvError(_("The file has more than %(most)s lines.") % {"most": f"{MAX_LINES:,}"})
                yield line


def _split_carriage_returns(text: str) -> list[str]:
    """Split at carriage returns that end a line without a line feed, as old spreadsheets write them."""
    return [line for line in _BEFORE_LINE.split(text) if line] if "\r" in text else [text]


def _decode_line(encoded: bytes, number: int) -> str:
    if b"\0" in encoded:
        cause = _("There is a NUL character. Save the file as CSV in UTF-8, not as a workbook or in UTF-16.")
        raise CsvError(cause, number)
    try:
        return encoded.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise CsvError(_("This is not UTF-8. Save the file as CSV in UTF-8."), number) from None


def _build_too_wide_message(count: int) -> str:
    return _("This row has %(count)s cells; at most %(most)d are read.") % {"count": f"{count:,}", "most": MAX_COLUMNS}


class _Echo:
    """A file object that returns what is written, so that `csv.writer.writerow` returns the line."""

    def write(self, text: str) -> str:
        return text


def escape_cell(cell: Cell) -> str:
    """Return `cell` as text: amounts and dates unchanged, text without NUL and with ' before each start of a formula."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    return _FORMULA_START.sub(r"\1'", cell.replace("\x00", ""))


def iter_csv_lines(
    header: Sequence[str] | None, rows: Iterable[Sequence[Cell]], line_end: str = "\r\n"
) -> Iterator[str]:
    """Yield the lines of a CSV file, so that a file of any length can be streamed."""
    writer = csv.writer(_Echo(), lineterminator=line_end)
    if header is not None:
        yield str(writer.writerow(header))
    for row in rows:
        yield str(writer.writerow([escape_cell(cell) for cell in row]))


def rewrite_csv(content: bytes, change: Callable[[list[str]], list[str]]) -> bytes:
    """Return a file of `build_csv` with each row replaced by what `change` returns for it."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    return "".join(str(writer.writerow(change(row))) for row in rows).encode()


def build_csv(header: Sequence[str] | None, rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a whole CSV file in UTF-8, without a byte order mark, which banks and scripts would read as a letter."""
    return "".join(iter_csv_lines(header, rows)).encode()
