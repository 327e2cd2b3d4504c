"""Reading a CSV file of order lines as bytes come: in little memory, and no file that is none gets further (CONTRACT 4).

Pure: no database. What is wrong is a `BadFile`, in words for whoever uploaded it.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shops.csv_import.columns import REQUIRED

MAX_BYTES = 10 * 1024 * 1024
MAX_COLUMNS = 200
# Of one row, over as many lines as its quotes go. An order's line is a few hundred bytes.
MAX_ROW_BYTES = 1024 * 1024
# About as many as 10 MiB of the shortest order lines have.
MAX_LINES = 150_000
DELIMITERS = (",", ";", "\t")
_DATA = re.compile(r"[-+]?[\d.,\s]+|\d{4}-\d{2}-\d{2}[T ].*", re.ASCII)


class BadFile(Exception):
    """A file of which nothing is taken, with the cause."""


class FileFormat(NamedTuple):
    """What a file that can be read looks like."""

    delimiter: str
    headings: list[str]
    rows: int
    bytes: int


def inspect_file(content: BinaryIO) -> FileFormat:
    """The form of the file, every row of it read once; raises BadFile with the first thing that is wrong."""
    size = content.seek(0, io.SEEK_END)
    if size > MAX_BYTES:
        raise BadFile(_("The file is larger than 10 MiB."))
    delimiter = _detect_delimiter(content)
    found = read_records(content, delimiter)
    headings = _check_headings(next(found, (1, []))[1])
    rows = 0
    for number, cells in found:
        if len(cells) != len(headings):
            raise BadFile(_build_ragged_message(number, len(cells), len(headings)))
        rows += 1
    if not rows:
        raise BadFile(_("The file has headings and no rows below them."))
    return FileFormat(delimiter, headings, rows, size)


def read_records(content: BinaryIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with its number, as a spreadsheet counts them: the headings are row 1. Empty rows are left out."""
    content.seek(0)
    begun = 0

    def lines() -> Iterator[str]:
        nonlocal begun
        for number, line in enumerate(iter(lambda: content.readline(MAX_ROW_BYTES + 1), b""), 1):
            if number > MAX_LINES:
                raise BadFile(_("The file has more than %(most)s lines.") % {"most": f"{MAX_LINES:,}"})
            begun += len(line)
            if begun > MAX_ROW_BYTES:
                raise BadFile(
                    _("Line %(line)d belongs to a row of more than 1 MiB: is a quote left open?") % {"line": number}
                )
            yield _decode_line(line, number)

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            begun = 0
            if any(cell.strip() for cell in cells):
                yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        cause = _("Line %(line)d is not CSV: %(cause)s.") % {"line": reader.line_num, "cause": error}
        raise BadFile(cause) from None


def _decode_line(line: bytes, number: int) -> str:
    if b"\0" in line:
        told = _(
            "There is a NUL character in line %(line)d: save the file as CSV in UTF-8, not as a workbook or in UTF-16."
        )
        raise BadFile(told % {"line": number})
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise BadFile(_("Line %(line)d is not UTF-8: save the file as CSV in UTF-8.") % {"line": number}) from None


def _detect_delimiter(content: BinaryIO) -> str:
    """That of the three which makes the most of the first line; a comma where none does."""
    content.seek(0)
    first = content.readline(MAX_ROW_BYTES)
    return max(DELIMITERS, key=lambda one: first.count(one.encode()))


def _check_headings(cells: list[str]) -> list[str]:
    if not cells:
        raise BadFile(_("The file is empty."))
    if len(cells) > MAX_COLUMNS:
        counts = {"count": f"{len(cells):,}", "most": MAX_COLUMNS}
        raise BadFile(_("The file has %(count)s columns; at most %(most)d are read.") % counts)
    for number, heading in enumerate(cells, 1):
        if not heading:
            raise BadFile(_("Column %(number)d has no heading in the first row.") % {"number": number})
        if _DATA.fullmatch(heading):
            raise BadFile(_("The first row has to be headings; “%(cell)s” is none.") % {"cell": heading[:60]})
        if len(heading) > 200:
            raise BadFile(_("The heading of column %(number)d is longer than 200 characters.") % {"number": number})
    seen: set[str] = set()
    for heading in cells:
        if heading.casefold() in seen:
            raise BadFile(_("Two columns have the heading “%(heading)s”.") % {"heading": heading})
        seen.add(heading.casefold())
    if len(cells) < len(REQUIRED):
        counts = {"count": len(cells), "least": len(REQUIRED), "names": ", ".join(REQUIRED)}
        raise BadFile(_("The file has %(count)d columns; an order needs %(least)d: %(names)s.") % counts)
    return cells


def _build_ragged_message(number: int, count: int, expected: int) -> str:
    text = ngettext(
        "Row %(row)d has %(count)d cell, where there are %(expected)d headings.",
        "Row %(row)d has %(count)d cells, where there are %(expected)d headings.",
        count,
    )
    return text % {"row": number, "count": count, "expected": expected}
