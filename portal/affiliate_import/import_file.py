"""Parsing of the CSV file of an affiliate import. Every invalid row is reported with its field and cause."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from affiliates import addresses, fields
from affiliates.channels import MAX_CHANNELS
from affiliates.models import Affiliate
from lib import csv_columns
from lib.csv import CsvError, CsvTable, collect_rows, read_table
from lib.csv_columns import ColumnMapping, Field, Layout
from lib.text import clean_email, fold_code
from payouts.models import PayoutDetails
from payouts.payout_details import details
from payouts.payout_details.methods import Account
from tracking.links import coupons

# A file may have several columns with websites: "website", "website 2" and so on.
MAX_WEBSITE_COLUMNS = 10
WEBSITES = ("website", *(f"website {number}" for number in range(2, MAX_WEBSITE_COLUMNS + 1)))
_WEBSITE_ALIASES = ("websites", "url", "urls", "site", "homepage", "web", "channel", "channels", "web address")
LAYOUT = Layout(
    fields=(
        Field("code", ("affiliate code", "affiliate", "affiliate id", "partner code", "ref"), required=True),
        Field("email", ("email address", "mail", "e mail address", "contact email"), required=True),
        Field("name", ("full name", "affiliate name", "company", "company name", "display name"), required=True),
        Field("country", ("country code", "country name", "nation"), required=True),
        Field("coupon", ("coupon code", "discount code", "voucher", "promo code")),
        Field("website", _WEBSITE_ALIASES),
        *(
            Field(name, (f"url {number}", f"site {number}", f"channel {number}"))
            for number, name in enumerate(WEBSITES[1:], 2)
        ),
        Field("payout_method", ("payment method", "method")),
        Field(
            "payout_account",
            ("payment account", "account", "account number", "iban", "clabe", "paypal email", "paypal"),
        ),
        Field(
            "payout_bank_code",
            ("bank code", "sort code", "routing number", "bsb", "ifsc", "ifsc code", "bic", "swift", "swift code"),
        ),
        Field("payout_country", ("bank country", "account country", "country of account", "payment country")),
    )
)
COLUMNS = tuple(field.name for field in LAYOUT.fields)
REQUIRED = tuple(field.name for field in LAYOUT.fields if field.required)
# The columns of the fields in which an account may be at fault; one of its holder is shown with the account.
_PAYOUT_FIELDS = {"bank_code": "payout_bank_code", "country": "payout_country", "method": "payout_method"}
# Commas and semicolons are part of some addresses, so they divide only before what looks like another address.
_NEXT_ADDRESS = r"(?=https?://|[^\s/,;?#@]+\.[^\s/,;?#@.]{2,}(?:[/:,;\s?#]|\Z))"
_WEBSITE_BREAK = re.compile(rf"\s+|[,;|]+(?=\s|\Z)|[,;|]+{_NEXT_ADDRESS}", re.IGNORECASE)


class Row(NamedTuple):
    """An affiliate in the file, with normalized values; "" for missing values."""

    line: int
    code: str
    email: str
    name: str
    country: str
    coupon: str
    websites: tuple[str, ...]
    payout_method: str
    payout_account: str
    payout_bank_code: str
    payout_country: str


class Problem(NamedTuple):
    """A problem of a line, or of the whole file if `line` is 0, and of a field, or of the whole line if it is ""."""

    line: int
    field: str
    cause: str

    def __str__(self) -> str:
        text = f"{self.field}: {self.cause}" if self.field else self.cause
        return f"line {self.line}: {text}" if self.line else text


class AffiliateFile(NamedTuple):
    """What a file holds: its valid rows, the problems of the others, and how its columns were read."""

    rows: list[Row]
    problems: list[Problem]
    notes: list[str]


def read_affiliates(content: bytes, *, currency: str, mapping: ColumnMapping | None = None) -> AffiliateFile:
    """Return the affiliates of the file, and every problem in the order of the lines.

    Without `mapping` the columns are recognized by their headings. `currency` is the program's.
    """
    try:
        table = read_table(io.BytesIO(content))
    except CsvError as error:
        return AffiliateFile([], [Problem(error.line, "", error.cause)], [])
    mapping = mapping or csv_columns.guess_mapping(LAYOUT, table.headings)
    if missing := csv_columns.list_missing(LAYOUT, mapping):
        return AffiliateFile([], [Problem(1, name, _("There is no such column.")) for name in missing], [])
    rows, problems = _read_rows(table, mapping.columns, currency)
    return AffiliateFile(rows, problems, csv_columns.describe_mapping(LAYOUT, mapping, table.headings))


def _read_rows(table: CsvTable, columns: Mapping[str, int], currency: str) -> tuple[list[Row], list[Problem]]:
    csv_rows, errors = collect_rows(table)
    problems = [Problem(error.line, "", error.cause) for error in errors]
    if not csv_rows and not errors:
        problems.append(Problem(0, "", _("The file has headings but no rows below them.")))
    rows: list[Row] = []
    for csv_row in csv_rows:
        reader = _Reader(csv_row.line, {field: csv_row.cells[index] for field, index in columns.items()}, currency)
        rows.append(reader.read())
        problems += reader.problems
    problems += _find_duplicates(rows)
    return rows, sorted(problems)


class _Reader:
    """Parses a row and collects all of its problems."""

    def __init__(self, line: int, cells: Mapping[str, str], currency: str) -> None:
        self.line, self.cells, self.currency, self.problems = line, cells, currency, list[Problem]()

    def read(self) -> Row:
        row = Row(
            line=self.line,
            code=self.read_cell("code", _parse_code),
            email=self.read_cell("email", _parse_email),
            name=self.read_cell("name", fields.clean_name),
            country=self.read_cell("country", fields.clean_country_or_name),
            coupon=self.read_cell("coupon", coupons.validate_code),
            websites=self.read_websites(),
            payout_method=_normalize_method(self.cells.get("payout_method", "")),
            payout_account=self.cells.get("payout_account", ""),
            payout_bank_code=self.cells.get("payout_bank_code", ""),
            payout_country=self.cells.get("payout_country", ""),
        )
        if not (row.payout_method or row.payout_account or row.payout_bank_code or row.payout_country):
            return row
        account = self.read_account(row)
        return row._replace(
            payout_account=account.account, payout_bank_code=account.bank_code, payout_country=account.country
        )

    def read_cell(self, field: str, parse: Callable[[str], str]) -> str:
        text = self.cells.get(field, "")
        if text:
            return self.validate_cell(field, lambda: parse(text))
        if field in REQUIRED:
            self.problems.append(Problem(self.line, field, _("This field is required.")))
        return ""

    def validate_cell(self, field: str, parse: Callable[[], str]) -> str:
        try:
            return parse()
        except ValidationError as error:
            self.problems += [Problem(self.line, field, message) for message in error.messages]
            return ""

    def read_websites(self) -> tuple[str, ...]:
        """Return the addresses of all columns with websites, each once, in the order of the file."""
        websites: dict[str, None] = {}
        for field in WEBSITES:
            texts = split_websites(self.cells.get(field, ""))
            if len(websites) + len(texts) > MAX_CHANNELS:
                cause = _("Enter at most %(most)d websites.") % {"most": MAX_CHANNELS}
                self.problems.append(Problem(self.line, field, cause))
                return ()
            for text in texts:
                address = self.validate_cell(field, lambda text=text: addresses.normalize_address(text))  # type: ignore[misc]
                websites |= {address: None} if address else {}
        return tuple(websites)

    def read_account(self, row: Row) -> Account:
        if not (row.payout_method and row.payout_account):
            field = "payout_account" if row.payout_method else "payout_method"
            cause = _("Enter both payout_method and payout_account, or neither.")
            self.problems.append(Problem(self.line, field, cause))
            return Account("")
        if cause := details.get_method_error(row.payout_method, self.currency):
            self.problems.append(Problem(self.line, "payout_method", cause))
            return Account("")
        entered = Account(row.payout_account, row.payout_bank_code, row.payout_country)
        try:
            return details.validate_account(method=row.payout_method, account=entered, holder=row.name or "?")
        except ValidationError as error:
            self.problems += [
                Problem(self.line, _PAYOUT_FIELDS.get(field, "payout_account"), message)
                for field, messages in error.message_dict.items()
                for message in messages
            ]
            return Account("")


def split_websites(cell: str) -> list[str]:
    """Return the web addresses of a cell, divided by white space, commas or semicolons."""
    return [part for part in _WEBSITE_BREAK.split(cell) if part.strip(",;|")]


def _normalize_method(text: str) -> str:
    """Return a payout method given by its code or its English name in any case, else the text itself."""
    names = {name.casefold(): code for code, label in PayoutDetails.Method.choices for name in (code, str(label))}
    return names.get(text.casefold(), text)


def _parse_code(text: str) -> str:
    Affiliate._meta.get_field("code").run_validators(text)
    return text


def _parse_email(text: str) -> str:
    email = clean_email(text)
    validate_email(email)
    if len(email) > 254:
        raise ValidationError(_("Enter at most 254 characters."))
    return email


def _find_duplicates(rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield duplicate values in columns that must be unique, ignoring case."""
    for column in ("code", "email", "coupon"):
        first: dict[str, int] = {}
        for row in rows:
            value = str(getattr(row, column))
            if value and (line := first.setdefault(fold_code(value), row.line)) != row.line:
                cause = _("%(value)s is already used on line %(line)d.")
                yield Problem(row.line, column, cause % {"value": value, "line": line})
