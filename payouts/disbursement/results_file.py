"""The CSV file of payout results: its columns, the words for a result, and the report that PayPal offers.

Pure: no database. `bank_results` applies the rows.
"""

import io
from enum import StrEnum
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib import csv_columns
from lib.csv import CsvError, CsvTable, collect_rows, read_table
from lib.csv_columns import ColumnMapping, Field, Layout, Preset, normalize_heading


class Result(StrEnum):
    """What a row says about a payout. `SENT`: nothing is known yet, so it stays as it is."""

    PAID = "paid"
    FAILED = "failed"
    SENT = "sent"


# PayPal names items of a payout by these words; banks and other providers use the others.
RESULT_WORDS: dict[Result, tuple[str, ...]] = {
    Result.PAID: ("paid", "success", "successful", "succeeded", "completed", "complete", "executed", "settled"),
    Result.FAILED: (
        *("failed", "failure", "returned", "refunded", "reversed", "blocked"),
        *("rejected", "denied", "declined", "cancelled", "canceled", "expired"),
    ),
    Result.SENT: (
        *("pending", "unclaimed", "on hold", "sent", "processing", "in progress", "held"),
    ),
}  # fmt: skip
_RESULTS = {normalize_heading(word): result for result, words in RESULT_WORDS.items() for word in words}

PAYPAL = Preset(
    name="paypal",
    label=gettext_lazy("payout report of PayPal"),
    sign=(("Payout Item ID",), ("Sender Item ID", "Unique ID", "Customer ID")),
    columns={
        "reference": ("Sender Item ID", "Unique ID", "Customer ID"),
        "result": ("Transaction Status", "Payout Item Status", "Item Status", "Status"),
        "amount": ("Payout Amount", "Amount", "Amount Value", "Transaction Amount", "Gross Amount", "Gross"),
        "currency": ("Payout Currency", "Currency", "Amount Currency", "Currency Code"),
        "reason": ("Error Message", "Errors Message", "Error", "Reason", "Reason Code", "Error Name", "Errors"),
    },
    defaults={"reason": gettext_lazy("the status word of PayPal")},
)
LAYOUT = Layout(
    fields=(
        Field(
            "reference",
            ("payout reference", "our reference", "customer reference", "end to end id", "sender item id", "payout"),
            required=True,
        ),
        Field("result", ("status", "transaction status", "state", "outcome"), required=True),
        Field(
            "amount",
            ("payout amount", "paid amount", "value"),
            default=gettext_lazy("the amount of the payout, which is not compared,"),
        ),
        Field("reason", ("failure reason", "error", "error message", "message", "comment")),
        Field("currency", ("currency code",)),
    ),
    presets=(PAYPAL,),
)


class ResultRow(NamedTuple):
    """A row of the file as it is written there; `amount` and `currency` are None if the file has no such column."""

    line: int
    reference: str
    word: str
    amount: str | None
    reason: str
    currency: str | None


def read_headings(content: bytes) -> list[str]:
    """Return the headings of the file. Raises ValidationError for `file` if it cannot be read."""
    return _open(content).headings


def read_results(content: bytes, mapping: ColumnMapping | None = None) -> list[ResultRow]:
    """Return the rows of the file. Without `mapping` the columns are recognized by their headings.

    Raises ValidationError for `file` if it cannot be read.
    """
    table = _open(content)
    mapping = mapping or csv_columns.guess_mapping(LAYOUT, table.headings)
    if missing := csv_columns.list_missing(LAYOUT, mapping):
        cause = _("The file has no column for: %(names)s. Its headings are: %(headings)s.")
        values = {"names": ", ".join(missing), "headings": ", ".join(table.headings)}
        raise ValidationError({"file": cause % values})
    csv_rows, errors = collect_rows(table)
    if errors:
        raise ValidationError({"file": csv_columns.name_errors(errors)})
    rows = []
    for csv_row in csv_rows:
        cells = {field: csv_row.cells[index] for field, index in mapping.columns.items()}
        rows.append(_read_row(csv_row.line, cells, is_paypal=mapping.preset is PAYPAL))
    return rows


def read_word(word: str) -> Result | None:
    """Return what the word for a result means, ignoring case and punctuation; None if that is unknown."""
    return _RESULTS.get(normalize_heading(word))


def _open(content: bytes) -> CsvTable:
    try:
        return read_table(io.BytesIO(content))
    except CsvError as error:
        raise ValidationError({"file": str(error)}) from None


def _read_row(line: int, cells: dict[str, str], *, is_paypal: bool) -> ResultRow:
    word, reason, amount = cells.get("result", ""), cells.get("reason", ""), cells.get("amount")
    if is_paypal:
        # PayPal gives no reason with most words, and writes what leaves the account with a minus sign.
        reason = f"PayPal: {reason or word}"
        amount = amount.removeprefix("-") if amount else amount
    elif not reason and normalize_heading(word) not in ("failed", "failure"):
        reason = word
    return ResultRow(line, cells.get("reference", ""), word, amount, reason, cells.get("currency"))
