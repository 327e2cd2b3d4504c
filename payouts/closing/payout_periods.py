"""The payouts of a quarter or a year as one file, by the days on which money moved (specification 6.4)."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from affiliates.models import Affiliate
from agreements.periods import get_program_time_zone
from agreements.program_currency import get_program_currency
from lib.csv import Cell
from lib.money import ZERO
from payouts.closing import payout_history
from payouts.closing.statement_periods import StatementPeriod, build_periods
from payouts.models import Payout

# `received` adds up to what reached the account in the period, less what was taken back from it.
COLUMNS = (
    *("reference", "statement", "method", "account", "sent_on", "paid_on", "returned_on", "amount", "received"),
    *("currency", "note"),
)
_RELATED = ("details", "statement", "replaces__statement")


def list_periods(payouts: list[Payout]) -> list[StatementPeriod]:
    """Return the years and quarters in which one of `payouts` was sent, paid or came back, the newest first."""
    return build_periods(sorted({day for payout in payouts for day in _list_days(payout) if day}, reverse=True))


def list_payouts(affiliate: Affiliate) -> list[Payout]:
    """Return the affiliate's payouts that were sent, the first one first: a few for each month at most."""
    rows = Payout.objects.for_affiliate(affiliate).filter(sent_at__isnull=False)
    return list(rows.select_related(*_RELATED).order_by("sent_at", "pk"))


def iter_rows(payouts: list[Payout], period: StatementPeriod) -> Iterator[list[Cell]]:
    """Yield under COLUMNS the payouts that were sent, paid or came back in the months of `period`."""
    currency = get_program_currency()
    for payout in payouts:
        days = _list_days(payout)
        if not any(_is_in(day, period) for day in days):
            continue
        statement = payout_history.find_statement(payout)
        account: list[Cell] = [str(payout.details.get_method_display()), payout.details.masked]
        start: list[Cell] = [payout.reference, statement.number if statement else None, *account]
        yield [*start, *days, payout.amount, _sum_received(payout, period), currency, payout.failure]


def _list_days(payout: Payout) -> list[date | None]:
    """Return the days on which a payout was sent, paid and came back, in the program's time zone."""
    zone = get_program_time_zone()
    times: tuple[datetime | None, ...] = (payout.sent_at, payout.paid_at, payout.returned_at)
    return [at.astimezone(zone).date() if at else None for at in times]


def _is_in(day: date | None, period: StatementPeriod) -> bool:
    return day is not None and period.first <= day.replace(day=1) <= period.last


def _sum_received(payout: Payout, period: StatementPeriod) -> Decimal:
    _sent_on, paid_on, returned_on = _list_days(payout)
    received = payout.amount if _is_in(paid_on, period) else ZERO
    # What never arrived cannot be taken back.
    return received - payout.amount if paid_on and _is_in(returned_on, period) else received
