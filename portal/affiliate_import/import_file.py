"""Parsing of the CSV file of an affiliate import. Every invalid row is reported with its cause."""

import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from affiliates import addresses, fields
from affiliates.models import Affiliate
from lib.csv import CsvError, CsvRow, check_width, read_csv
from lib.text import clean_email, fold_code
from payouts.payout_details import details
from tracking.links import coupons

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
    """Return the rows of the file that can be read, and every problem of the others, in the order of the lines."""
    rows = read_csv(io.BytesIO(content))
    try:
        header = next(rows, CsvRow(1, 1, [])).cells
        if problems := list(_check_header(header)):
            return [], problems
        return _read_rows(rows, header)
    except CsvError as error:
        return [], [Problem(error.line, error.cause)]


def _check_header(header: list[str]) -> Iterator[Problem]:
    known = ", ".join(COLUMNS)
    for name in dict.fromkeys(header):
        if name not in COLUMNS:
            yield Problem(1, _("Unknown column “%(name)s”. Known columns: %(known)s.") % {"name": name, "known": known})
        elif header.count(name) > 1:
            yield Problem(1, _("The column %(name)s occurs twice.") % {"name": name})
    for name in REQUIRED:
        if name not in header:
            yield Problem(1, _("The column %(name)s is missing.") % {"name": name})


def _read_rows(csv_rows: Iterator[CsvRow], header: list[str]) -> tuple[list[Row], list[Problem]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    for csv_row in csv_rows:
        try:
            check_width(csv_row, len(header))
        except CsvError as error:
            problems.append(Problem(error.line, error.cause))
            continue
        row = _Reader(csv_row.line, dict(zip(header, csv_row.cells, strict=True)))
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
            coupon=self.read_cell("coupon", coupons.validate_code),
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
    email = clean_email(text)
    validate_email(email)
    if len(email) > 254:
        raise ValidationError(_("Enter at most 254 characters."))
    return email


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
            if value and (line := first.setdefault(fold_code(value), row.line)) != row.line:
                cause = _("%(column)s: %(value)s is already used on line %(line)d.")
                yield Problem(row.line, cause % {"column": column, "value": value, "line": line})
