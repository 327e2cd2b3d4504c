"""The dry run of a close: what it would post, pay and carry over, and what of that is unusual (CONTRACT 6).

It is worked out by the statements of the close itself, in a transaction that the database lets write nothing and that is
rolled back.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from agreements.periods import Period
from lib.csv import Cell
from payouts.closing import close_sql, dry_run_sql, preflight
from payouts.closing.carry_over import CarryOverReason
from payouts.closing.close import compute_close
from payouts.closing.close_summary import COLUMNS, CloseSummary, summarize_close
from payouts.ledger import booking
from payouts.models import Close

MAX_LISTED = 25
"""How many affiliates each list names."""
COMPARED_MONTHS = 3
"""With how many closed months before it a month is compared."""
CSV_COLUMNS = (*COLUMNS, "unusual")


class PayoutWarning(StrEnum):
    """What staff should look at before a month is closed, the gravest first."""

    CHANGED_DETAILS = "changed_details"
    OVER_LIMIT = "over_limit"
    TENFOLD = "tenfold"
    NEGATIVE = "negative"
    FIRST_PAYOUT = "first_payout"

    @property
    def label(self) -> str | Promise:
        return _LABELS[self]


_LABELS: dict[PayoutWarning, str | Promise] = {
    PayoutWarning.CHANGED_DETAILS: _("First payout to changed details"),
    PayoutWarning.OVER_LIMIT: _("Payout over the limit"),
    PayoutWarning.TENFOLD: _("Earned many times the months before"),
    PayoutWarning.NEGATIVE: _("Balance below zero"),
    PayoutWarning.FIRST_PAYOUT: _("First payout at all"),
}


class ListedAffiliate(NamedTuple):
    """An affiliate on a list, with the amount that it is about; `previous` is what it is compared with, if anything."""

    affiliate_id: UUID
    name: str
    amount: Decimal
    previous: Decimal | None = None


class AffiliateList(NamedTuple):
    """Affiliates for whom one thing is so: how many, the sum of their amounts, the first of them, and how many more."""

    code: str
    label: str | Promise
    affiliates: int
    total: Decimal
    entries: Sequence[ListedAffiliate]

    @property
    def more(self) -> int:
        return self.affiliates - len(self.entries)


class ExcludedAffiliate(NamedTuple):
    """An affiliate who would be set aside, with the cause."""

    affiliate_id: UUID
    name: str
    cause: str


class DryRun(NamedTuple):
    """A dry run. `has_ended` is False for a month that still runs: it then counts up to `as_of` only."""

    month: Period
    as_of: datetime
    has_ended: bool
    figures: CloseSummary
    before: Sequence[CloseSummary]
    carried: Sequence[AffiliateList]
    unusual: Sequence[AffiliateList]
    exceptions: Sequence[ExcludedAffiliate]

    @property
    def more_exceptions(self) -> int:
        return self.figures.exceptions - len(self.exceptions)


def simulate_close(*, month: Period, now: datetime) -> DryRun:
    """What closing `month` at `now` would do; a month that still runs is taken as if it ended now. Nothing is written."""
    with _compute_rolled_back(month, now) as (cursor, found):
        return DryRun(
            month=month,
            as_of=min(now, month.ends_at),
            has_ended=month.ends_at <= now,
            figures=_read_figures(cursor, month, found),
            before=[summarize_close(close) for close in Close.objects.order_by("-period")[:COMPARED_MONTHS]],
            carried=_read_lists(
                cursor, dry_run_sql.CARRIED_OVER, {code.value: code.staff_label for code in CarryOverReason}
            ),
            unusual=_read_lists(cursor, dry_run_sql.UNUSUAL, {kind.value: kind.label for kind in PayoutWarning}),
            exceptions=_list_excluded(dict(list(found.items())[:MAX_LISTED])),
        )


def iter_csv_rows(*, month: Period, now: datetime) -> Iterator[list[Cell]]:
    """The whole dry run under CSV_COLUMNS, one row a statement, and last one a set-aside affiliate.

    Read while the transaction is open: take all of it before it is sent anywhere.
    """
    with _compute_rolled_back(month, now) as (cursor, found):
        cursor.execute(dry_run_sql.ROWS, _build_limits())
        while rows := cursor.fetchmany(2000):
            for *cells, reasons, unusual in rows:
                yield [*cells, " ".join(reasons), " ".join(kind for kind in PayoutWarning if kind in unusual)]
        codes = dict(Affiliate.objects.filter(pk__in=found).values_list("pk", "code"))
        for pk, cause in found.items():
            yield [codes[pk], *[None] * (len(COLUMNS) - 1), f"excluded: {cause}"]


@contextmanager
def _compute_rolled_back(month: Period, now: datetime) -> Iterator[tuple[CursorWrapper, dict[UUID, str]]]:
    """A cursor that sees the lines and statements of the month, and who would be set aside; all is forgotten after it."""
    until = month._replace(ends_at=min(now, month.ends_at))
    with transaction.atomic():
        # No close runs meanwhile: what is shown is of one side of it.
        booking.lock_shared()
        found = preflight.find_unclosable(ends_at=until.ends_at, now=now)
        # Temporary tables can still be filled then, and no other.
        collecting = ["SET TRANSACTION READ ONLY", close_sql.COLLECT_LINES]
        compute_close(month=until, now=now, by=None, exceptions=list(found), collecting=collecting)
        with connection.cursor() as cursor:
            yield cursor, found
        transaction.set_rollback(True)


def _read_figures(cursor: CursorWrapper, month: Period, found: Mapping[UUID, str]) -> CloseSummary:
    cursor.execute(dry_run_sql.FIGURES)
    return CloseSummary._make([str(month), *cursor.fetchone(), len(found)])


def _read_lists(cursor: CursorWrapper, question: str, labels: Mapping[str, str | Promise]) -> list[AffiliateList]:
    """The lists that `question` gives rows for, in the order of `labels`."""
    cursor.execute(question, _build_limits())
    rows: dict[str, list[Any]] = {}
    for code, *row in cursor.fetchall():
        rows.setdefault(code, []).append(row)
    return [
        AffiliateList(code, labels[code], found[0][0], found[0][1], [ListedAffiliate(*row[2:]) for row in found])
        for code in labels
        if (found := rows.get(code))
    ]


def _build_limits() -> dict[str, Any]:
    return {
        "most": MAX_LISTED,
        "months": COMPARED_MONTHS,
        "over": settings.UNUSUAL_PAYOUT,
        "times": settings.UNUSUAL_EARNINGS_FACTOR,
        "least": settings.UNUSUAL_EARNINGS_MINIMUM,
    }


def _list_excluded(found: Mapping[UUID, str]) -> list[ExcludedAffiliate]:
    named = Affiliate.objects.in_bulk(list(found))
    return [ExcludedAffiliate(pk, str(named[pk]), cause) for pk, cause in found.items()]
