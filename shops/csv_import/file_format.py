"""The format of an uploaded CSV file of orders: its delimiter, headings and row count (specification 4).

Pure: no database.
"""

import re
from typing import BinaryIO, NamedTuple

from django.utils.translation import gettext as _

from lib.csv import CsvError, check_width, detect_delimiter, read_csv
from shops.csv_import.columns import REQUIRED

MAX_HEADING_LENGTH = 200
_DATA = re.compile(r"[-+]?[\d.,\s]+|\d{4}-\d{2}-\d{2}[T ].*", re.ASCII)


class FileFormat(NamedTuple):
    delimiter: str
    headings: list[str]
    rows: int


def inspect_file(content: BinaryIO) -> FileFormat:
    """Return the format of the file after reading every row once.

    Raises CsvError with the first problem.
    """
    delimiter = detect_delimiter(content)
    csv_rows = read_csv(content, delimiter)
    first = next(csv_rows, None)
    if first is None:
        raise CsvError(_("The file is empty."))
    headings = _check_headings(first.cells)
    rows = 0
    for row in csv_rows:
        check_width(row, len(headings))
        rows += 1
    if not rows:
        raise CsvError(_("The file has headings but no rows below them."))
    return FileFormat(delimiter, headings, rows)


def _check_headings(headings: list[str]) -> list[str]:
    for number, heading in enumerate(headings, 1):
        if not heading:
            raise CsvError(_("Column %(number)d has no heading in the first row.") % {"number": number})
        if _DATA.fullmatch(heading):
            cause = _("The first row must be headings; “%(cell)s” is not a heading.")
            raise CsvError(cause % {"cell": heading[:60]})
        if len(heading) > MAX_HEADING_LENGTH:
            cause = _("The heading of column %(number)d is longer than 200 characters.")
            raise CsvError(cause % {"number": number})
    seen: set[str] = set()
    for heading in headings:
        if heading.casefold() in seen:
            raise CsvError(_("Two columns have the heading “%(heading)s”.") % {"heading": heading})
        seen.add(heading.casefold())
    if len(headings) < len(REQUIRED):
        counts = {"count": len(headings), "least": len(REQUIRED), "names": ", ".join(REQUIRED)}
        raise CsvError(_("The file has %(count)d columns; an order needs %(least)d: %(names)s.") % counts)
    return headings
