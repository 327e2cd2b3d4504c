"""CSV files: one tolerant reader with one set of limits, and one writer that turns no typed text into a formula.

The reader finds out the delimiter itself, and skips a byte order mark and a first line such as `sep=;`.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import BinaryIO, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MAX_BYTES = 10 * 1024 * 1024
MAX_COLUMNS = 200
# Of one row, over all lines that its quoted cells span. A row of any of our files has a few hundred bytes.
MAX_ROW_BYTES = 1024 * 1024
# About as many as 10 MiB of the shortest order lines have.
MAX_LINES = 150_000
MAX_HEADING_LENGTH = 200
# The comma comes last: of two delimiters that fit equally well it is the one that also occurs inside of cells.
DELIMITERS = (";", "\t", "|", ",")
SAMPLE_BYTES = 64 * 1024
SAMPLE_ROWS = 20

Cell = str | int | Decimal | date | None
# Excel takes full-width signs for formulas, too. Spreadsheets that split at semicolons or tabs see more starts of cells,
# and skip white space, invisible characters and quotes before them.
_SKIPPED = r"(?:[^\S\t\r\n]|[\u200b-\u200f\u2060\ufeff\"])*"
_FORMULA_START = re.compile(rf"(^(?=[\t\r\n])|(?:^|[;\t\r\n])(?={_SKIPPED}[=+\-@＝＋－＠]))")
_BEFORE_LINE = re.compile(r"(?<=\r)(?!\n)")
_DELIMITER_LINE = re.compile(r'"?sep=([^\r\n])\1*"?[ ]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_DATA = re.compile(r"[-+]?[\d.,\s]+|\d{4}-\d{2}-\d{2}[T ].*", re.ASCII)
_SEPARATORS = re.compile(r"[\s_-]+")


class CsvError(Exception):
    """A file or row that cannot be read: a sentence that says why, and the line it is about (0 for the whole file)."""

    def __init__(self, cause: str, line: int = 0) -> None:
        super().__init__(_("Line %(line)d: %(cause)s") % {"line": line, "cause": cause} if line else cause)
        self.cause, self.line = cause, line


class CsvRow(NamedTuple):
    """A row: the line of the file on which it begins, and its stripped cells."""

    line: int
    cells: list[str]


class CsvTable(NamedTuple):
    """A file with headings: each of `rows` has as many cells as there are headings."""

    headings: list[str]
    rows: Iterator[CsvRow]


def read_table(content: BinaryIO) -> CsvTable:
    """Return the headings of a CSV file, and its rows while they are read.

    Raises CsvError, also while the rows are read.
    """
    rows = read_csv(content)
    first = next(rows, None)
    if first is None:
        raise CsvError(_("The file is empty."))
    headings = _check_headings(first)
    # Unlike a generator, `map` goes on after a row that is refused.
    return CsvTable(headings, map(partial(_fit_row, headings=headings), rows))


def collect_rows(table: CsvTable) -> tuple[list[CsvRow], list[CsvError]]:
    """Return the rows of a table that can be read, and what is wrong with the others."""
    found = list(iterate_rows(table))
    return [row for row in found if isinstance(row, CsvRow)], [row for row in found if isinstance(row, CsvError)]


def iterate_rows(table: CsvTable) -> Iterator[CsvRow | CsvError]:
    """Yield the rows of a table and, in place of each that cannot be read, what is wrong with it."""
    while True:
        try:
            yield next(table.rows)
        except StopIteration:
            return
        except CsvError as error:
            yield error


def read_csv(content: BinaryIO) -> Iterator[CsvRow]:
    """Yield the rows of a CSV file that have a cell which is not blank.

    The file is in UTF-8, with or without a byte order mark, or in UTF-16 with one. Reads line by line, so that a bad
    file costs little memory. Raises CsvError.
    """
    if content.seek(0, io.SEEK_END) > MAX_BYTES:
        raise CsvError(_("The file is larger than 10 MiB."))
    stream = _convert_utf16(content)
    delimiter, has_delimiter_line = _detect_delimiter(stream)
    stream.seek(0)
    lines = _Lines(stream)
    texts = iter(lines)
    if has_delimiter_line:
        next(texts)
    reader = csv.reader(texts, delimiter=delimiter, strict=True)
    begins = lines.number + 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                if len(stripped) > MAX_COLUMNS:
                    raise CsvError(
                        _("This row has %(count)s cells; at most %(most)d are read.")
                        % {"count": f"{len(stripped):,}", "most": MAX_COLUMNS},
                        begins,
                    )
                yield CsvRow(begins, stripped)
            begins, lines.row_bytes = lines.number + 1, 0
    except csv.Error as error:
        raise CsvError(_("This is not CSV: %(cause)s.") % {"cause": error}, begins) from None


def _convert_utf16(content: BinaryIO) -> BinaryIO:
    """Return `content`, or the same text in UTF-8 if its byte order mark is that of UTF-16."""
    content.seek(0)
    head = content.read(4)
    is_utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and head != codecs.BOM_UTF32_LE
    content.seek(0)
    if not is_utf16:
        return content
    decoder, converted = codecs.getincrementaldecoder("utf-16")(), io.BytesIO()
    try:
        for chunk in iter(lambda: content.read(SAMPLE_BYTES), b""):
            converted.write(decoder.decode(chunk).encode())
        converted.write(decoder.decode(b"", final=True).encode())
    except UnicodeError:
        raise CsvError(_("This is not UTF-16. Save the file as CSV in UTF-8.")) from None
    return converted


def _detect_delimiter(content: BinaryIO) -> tuple[str, bool]:
    """Return the delimiter, and whether the first line only names it, as `sep=;` does."""
    content.seek(0)
    sample = content.read(SAMPLE_BYTES)
    text = sample.decode("utf-8-sig", "replace")
    if match := _DELIMITER_LINE.match(text):
        if match[1] not in DELIMITERS:
            cause = _("“%(delimiter)s” cannot be read as a delimiter. Use a comma, a semicolon, a tab or |.")
            raise CsvError(cause % {"delimiter": match[1]}, 1)
        return match[1], True
    if len(sample) == SAMPLE_BYTES:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    best = max(DELIMITERS, key=lambda delimiter: _rate_delimiter(text, delimiter))
    return best if _rate_delimiter(text, best)[0] else ",", False


def _rate_delimiter(text: str, delimiter: str) -> tuple[bool, int, int]:
    """Return how well a delimiter fits: whether it divides headings, how many rows have as many cells, how many."""
    widths: list[int] = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        filled = (cells for cells in reader if any(cell.strip() for cell in cells))
        widths.extend(len(cells) for cells in islice(filled, SAMPLE_ROWS + 1))
    except csv.Error:
        pass
    width = widths[0] if widths else 1
    return width > 1, widths.count(width), width


def _check_headings(row: CsvRow) -> list[str]:
    """Return the headings without blank ones at the end. Raises CsvError if they are not headings or occur twice."""
    width = max(index for index, cell in enumerate(row.cells, 1) if cell)
    # A heading may have line breaks, and tools that keep their tables tidy pad it.
    headings = [" ".join(cell.split()) for cell in row.cells[:width]]
    seen: dict[str, str] = {}
    for number, heading in enumerate(headings, 1):
        if _DATA.fullmatch(heading):
            cause = _("The first row must be headings; “%(cell)s” is not a heading.")
            raise CsvError(cause % {"cell": heading[:60]}, row.line)
        if len(heading) > MAX_HEADING_LENGTH:
            cause = _("The heading of column %(number)d is longer than 200 characters.")
            raise CsvError(cause % {"number": number}, row.line)
        key = _SEPARATORS.sub("", heading.casefold()) or heading
        if heading and key in seen:
            both = {"one": seen[key], "other": heading}
            if seen[key] == heading:
                raise CsvError(_("Two columns have the heading “%(one)s”.") % both, row.line)
            raise CsvError(_("Two columns have the same heading: “%(one)s” and “%(other)s”.") % both, row.line)
        seen[key] = heading
    return headings


def _fit_row(row: CsvRow, headings: Sequence[str]) -> CsvRow:
    """Return the row with one cell for each heading. Raises CsvError if it has fewer, or text in a further cell."""
    width = len(headings)
    if len(row.cells) < width:
        raise CsvError(_describe_width(row, width, headings[len(row.cells)]), row.line)
    if any(row.cells[width:]):
        raise CsvError(_describe_width(row, width, ""), row.line)
    cells = row.cells[:width]
    for number, (cell, heading) in enumerate(zip(cells, headings, strict=True), 1):
        if cell and not heading:
            cause = _("Column %(number)d has no heading, but this row has “%(cell)s” there.")
            raise CsvError(cause % {"number": number, "cell": cell[:60]}, row.line)
    return CsvRow(row.line, cells)


def _describe_width(row: CsvRow, width: int, missing: str) -> str:
    text = ngettext(
        "This row has %(count)d cell, but there are %(expected)d headings.",
        "This row has %(count)d cells, but there are %(expected)d headings.",
        len(row.cells),
    ) % {"count": len(row.cells), "expected": width}
    if missing:
        return text + " " + _("The cell for “%(heading)s” is missing.") % {"heading": missing}
    number, cell = next((number, cell) for number, cell in enumerate(row.cells[width:], width + 1) if cell)
    return text + " " + _("Column %(number)d has no heading: “%(cell)s”.") % {"number": number, "cell": cell[:60]}


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
        cause = _("There is a NUL character. Save the file as CSV in UTF-8, not as a workbook.")
        raise CsvError(cause, number)
    try:
        return encoded.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        cause = _("This is not UTF-8, so letters with accents would be wrong. In Excel, save the file as “CSV UTF-8”.")
        raise CsvError(cause, number) from None


class _Echo:
    """A file object that returns what is written, so that `csv.writer.writerow` returns the line."""

    def write(self, text: str) -> str:
        return text


def escape_cell(cell: Cell) -> str:
    """Return `cell` as text: amounts and dates unchanged, text without NUL and with ' before each start of a formula."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "true" if cell else "false"
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
