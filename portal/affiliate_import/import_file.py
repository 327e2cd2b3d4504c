"""Parsing of the CSV file of an affiliate import. Every invalid row is reported with its cause."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from affiliates import addresses, fields
from affiliates.models import Affiliate
from payouts.payout_details import details
from tracking.models import Coupon

REQUIRED = ("code", "email", "name", "country")
OPTIONAL = ("coupon", "website", "payout_method", "payout_account")
COLUMNS = REQUIRED + OPTIONAL


class Row(NamedTuple):
    """An affiliate in the file, with normalized values; "" for missing values."""

    line: int
    code: str
    email: str
    name: str
    country: str
    coupon: str
    website: str
    payout_method: str
    payout_account: str


class Problem(NamedTuple):
    """A problem of a line, or of the whole file if `line` is 0."""

    line: int
    cause: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.cause}" if self.line else self.cause


def read_rows(content: bytes) -> tuple[list[Row], list[Problem]]:
    """Return the rows of the file and all problems in the order of the lines."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [Problem(_find_line(content, error.start), _("The file is not UTF-8."))]
    if "\x00" in text:
        return [], [Problem(text.count("\n", 0, text.index("\x00")) + 1, _("NUL characters are not allowed."))]
    lines = _iter_rows(text)
    try:
        _first, header = next(lines, (1, []))
        if problems := list(_check_header(header)):
            return [], problems
        return _read_rows(lines, [column.strip() for column in header])
    except csv.Error as error:
        return [], [Problem(_find_csv_error_line(text), _("Invalid CSV: %(cause)s.") % {"cause": error})]


def _find_line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _iter_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line, without empty lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    first_line = 1
    for cells in reader:
        if cells:
            yield first_line, cells
        first_line = reader.line_num + 1


def _find_csv_error_line(text: str) -> int:
    """Return the first line of the first row that is not valid CSV."""
    last = 0
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for _cells in reader:
            last = reader.line_num
    except csv.Error:
        return last + 1
    return last


def _check_header(header: list[str]) -> Iterator[Problem]:
    names = [column.strip() for column in header]
    known = ", ".join(COLUMNS)
    for name in dict.fromkeys(names):
        if name not in COLUMNS:
            yield Problem(1, _("Unknown column “%(name)s”. Known columns: %(known)s.") % {"name": name, "known": known})
        elif names.count(name) > 1:
            yield Problem(1, _("The column %(name)s occurs twice.") % {"name": name})
    for name in REQUIRED:
        if name not in names:
            yield Problem(1, _("The column %(name)s is missing.") % {"name": name})


def _read_rows(lines: Iterator[tuple[int, list[str]]], header: list[str]) -> tuple[list[Row], list[Problem]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    for line, cells in lines:
        if len(cells) != len(header):
            cause = _("The row has %(count)d fields, but the header has %(expected)d.")
            problems.append(Problem(line, cause % {"count": len(cells), "expected": len(header)}))
            continue
        row = _Reader(line, dict(zip(header, (cell.strip() for cell in cells), strict=True)))
        rows.append(row.read())
        problems += row.problems
    problems += _find_duplicates(rows)
    return rows, sorted(problems)


class _Reader:
    """Parses a row and collects all of its problems."""

    def __init__(self, line: int, cells: dict[str, str]) -> None:
        self.line, self.cells, self.problems = line, cells, list[Problem]()

    def read(self) -> Row:
        row = Row(
            line=self.line,
            code=self.read_cell("code", _parse_code),
            email=self.read_cell("email", _parse_email),
            name=self.read_cell("name", fields.clean_name),
            country=self.read_cell("country", fields.clean_country_or_name),
            coupon=self.read_cell("coupon", _parse_coupon),
            website=self.read_cell("website", addresses.normalize_address),
            payout_method=self.cells.get("payout_method", ""),
            payout_account=self.cells.get("payout_account", ""),
        )
        if not (row.payout_method or row.payout_account):
            return row
        return row._replace(payout_account=self.validate_cell("payout_account", lambda: _parse_account(row)))

    def read_cell(self, column: str, parse: Callable[[str], str]) -> str:
        text = self.cells.get(column, "")
        if not text and column in OPTIONAL:
            return ""
        if not text:
            self.problems.append(Problem(self.line, _("%(column)s: This field is required.") % {"column": column}))
            return ""
        return self.validate_cell(column, lambda: parse(text))

    def validate_cell(self, column: str, parse: Callable[[], str]) -> str:
        try:
            return parse()
        except ValidationError as error:
            self.problems += [Problem(self.line, f"{column}: {message}") for message in error.messages]
            return ""


def _parse_code(text: str) -> str:
    Affiliate._meta.get_field("code").run_validators(text)
    return text


def _parse_email(text: str) -> str:
    validate_email(text)
    if len(text) > 254:
        raise ValidationError(_("Enter at most 254 characters."))
    return text.lower()


def _parse_coupon(text: str) -> str:
    Coupon._meta.get_field("code").run_validators(text)
    return text


def _parse_account(row: Row) -> str:
    if not (row.payout_method and row.payout_account):
        raise ValidationError(_("Enter both payout_method and payout_account, or neither."))
    return details.validate_account(method=row.payout_method, account=row.payout_account, holder=row.name or "?")


def _find_duplicates(rows: list[Row]) -> Iterator[Problem]:
    """Yield duplicate values in columns that must be unique, ignoring case."""
    for column in ("code", "email", "coupon"):
        first: dict[str, int] = {}
        for row in rows:
            value = str(getattr(row, column))
            if value and (line := first.setdefault(value.upper(), row.line)) != row.line:
                cause = _("%(column)s: %(value)s is already used on line %(line)d.")
                yield Problem(row.line, cause % {"column": column, "value": value, "line": line})
