"""Totals of a closed month, and its statements as CSV rows."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from lib.csv import Cell
from lib.keyset import iterate_by_key
from lib.money import ZERO
from payouts.models import Close, Statement

COLUMNS = (
    "affiliate",
    "number",
    "opening",
    "lines",
    "settled",
    "adjustments",
    "returned",
    "payout",
    "closing",
    "reasons",
)


_PRINTED = ("period", "statements", "lines", "settled", "payouts", "paid", "carried", "negative", "exceptions")


class CloseSummary(NamedTuple):
    """Totals of a close, in the program's currency.

    `opening` and `carried` are the sums of the opening and closing balances of its statements:
    opening + settled + adjustments + returned - paid = carried.
    """

    period: str
    statements: int
    lines: int
    opening: Decimal
    settled: Decimal
    adjustments: Decimal
    returned: Decimal
    payouts: int
    paid: Decimal
    carried: Decimal
    negative: int
    exceptions: int


def summarize_close(close: Close) -> CloseSummary:
    """Sum up a close from its statements."""
    totals = Statement.objects.filter(close=close).aggregate(
        statements=Count("pk"),
        lines_=Sum("lines"),
        opening_=Sum("opening"),
        settled_=Sum("settled"),
        adjustments_=Sum("adjustments"),
        returned_=Sum("returned"),
        payouts=Count("pk", filter=Q(payout__gt=0)),
        paid=Sum("payout"),
        carried=Sum("closing"),
        negative=Count("pk", filter=Q(closing__lt=0)),
    )
    return CloseSummary(
        period=str(close),
        statements=totals["statements"],
        lines=totals["lines_"] or 0,
        opening=totals["opening_"] or ZERO,
        settled=totals["settled_"] or ZERO,
        adjustments=totals["adjustments_"] or ZERO,
        returned=totals["returned_"] or ZERO,
        payouts=totals["payouts"],
        paid=totals["paid"] or ZERO,
        carried=totals["carried"] or ZERO,
        negative=totals["negative"],
        exceptions=close.exceptions.count(),
    )


def format_summary(close: Close) -> str:
    """Return the summary as `key=value` pairs in one line: the output of `close_month`, which scripts read."""
    values = summarize_close(close)._asdict()
    return " ".join(f"{key}={values[key]}" for key in _PRINTED)


def iter_csv_rows(close: Close) -> Iterator[list[Cell]]:
    """Yield a row for each statement under COLUMNS, ordered by the affiliates' codes."""
    fields = ("affiliate__code", *COLUMNS[1:])
    rows = Statement.objects.filter(close=close).values_list(*fields)
    for *cells, reasons in iterate_by_key(rows, key="affiliate__code"):
        yield [*cells, " ".join(reasons)]
