"""The statements of a quarter or a year as one file, for the affiliate's tax adviser (specification 6.4)."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.periods import get_program_time_zone
from agreements.program_currency import get_program_currency
from lib.csv import Cell
from lib.formatting import format_month
from payouts.closing import payout_history, statements
from payouts.models import Statement

# `earned` adds up to the commissions settled and adjustments of the statements, `paid_out` to the payouts that they
# list, also if these came back later, less what had come back to the balance before.
COLUMNS = (
    *("statement", "statement_month", "closed_on", "entry", "date", "order_id", "line_id", "category", "base"),
    *("rate_percent", "clause", "earned", "paid_out", "currency", "paid_on", "note"),
)
# Rows of a statement's file that are neither earned nor paid.
_BALANCES = ("opening balance", "carried over", "closing balance")
_PAYOUTS = ("payout", "payout returned")


class StatementPeriod(NamedTuple):
    """A quarter or a year with statements or payouts: its code in addresses, its label, and the first days of its months."""

    code: str
    label: str
    first: date
    last: date


def list_periods(affiliate: Affiliate) -> list[StatementPeriod]:
    """Return the years and quarters in whose months the affiliate has statements, the newest first."""
    rows = Statement.objects.for_affiliate(affiliate)
    return build_periods(rows.order_by("-close__period").values_list("close__period", flat=True))


def build_periods(days: Iterable[date]) -> list[StatementPeriod]:
    """Return the years and quarters of `days` in their sequence, each once."""
    periods: dict[str, StatementPeriod] = {}
    for day in days:
        quarter = (day.month - 1) // 3
        for period in (_build_year(day.year), _build_quarter(day.year, quarter)):
            periods.setdefault(period.code, period)
    return list(periods.values())


def _build_year(year: int) -> StatementPeriod:
    return StatementPeriod(str(year), _("all of %(year)s") % {"year": year}, date(year, 1, 1), date(year, 12, 1))


def _build_quarter(year: int, quarter: int) -> StatementPeriod:
    first, last = date(year, quarter * 3 + 1, 1), date(year, quarter * 3 + 3, 1)
    label = _("%(first)s to %(last)s") % {"first": format_month(first), "last": format_month(last)}
    return StatementPeriod(f"{year}-Q{quarter + 1}", label, first, last)


def list_statements(affiliate: Affiliate, period: StatementPeriod) -> QuerySet[Statement]:
    """Return the affiliate's statements for the months of `period`, the oldest first."""
    rows = statements.list_statements(affiliate).filter(close__period__range=(period.first, period.last))
    return rows.order_by("number")


def iter_rows(rows: QuerySet[Statement]) -> Iterator[list[Cell]]:
    """Yield the rows of the statements under COLUMNS: each commission, adjustment and payout, without the balances."""
    currency, zone = get_program_currency(), get_program_time_zone()
    for statement in rows:
        start: list[Cell] = [statement.number, f"{statement.close.period:%Y-%m}"]
        start.append(statement.close.closed_at.astimezone(zone).date())
        for row in statements.iter_csv_rows(statement):
            if row[0] not in _BALANCES:
                yield [*start, *_convert_row(statement, row, currency, zone)]


def _convert_row(statement: Statement, row: list[Cell], currency: str, zone: ZoneInfo) -> list[Cell]:
    entry, at, order, line, category, base, rate, clause, amount, note = row
    day = at.astimezone(zone).date() if isinstance(at, datetime) else None
    paid_on = None
    if entry == "payout" and (payout := statements.get_payout(statement)) is not None:
        note, paid_at = statements.describe_payout(payout), payout_history.find_last(payout).paid_at
        paid_on = paid_at.astimezone(zone).date() if paid_at else None
    earned, paid_out = amount, None
    if entry in _PAYOUTS and isinstance(amount, Decimal):
        earned, paid_out = None, -amount
    return [entry, day, order, line, category, base, rate, clause, earned, paid_out, currency, paid_on, note]
