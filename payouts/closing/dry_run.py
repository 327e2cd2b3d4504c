"""The dry run of a close: what it would post, pay and carry over, and what is unusual (specification 6).

It runs the statements of the close itself in a read-only transaction that is rolled back.
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

# The number of affiliates on each list.
MAX_LISTED = 25
# The number of earlier closes that a month is compared with.
COMPARED_MONTHS = 3
CSV_COLUMNS = (*COLUMNS, "unusual")


class PayoutWarning(StrEnum):
    """What staff should check before a month is closed, most serious first."""

    CAME_BACK = "came_back"
    CHANGED_DETAILS = "changed_details"
    OVER_LIMIT = "over_limit"
    TENFOLD = "tenfold"
    NEGATIVE = "negative"
    FIRST_PAYOUT = "first_payout"

    @property
    def label(self) -> str | Promise:
        return _LABELS[self]


_LABELS: dict[PayoutWarning, str | Promise] = {
    PayoutWarning.CAME_BACK: _("The last payout to this account came back"),
    PayoutWarning.CHANGED_DETAILS: _("First payout to changed details"),
    PayoutWarning.OVER_LIMIT: _("Payout over the limit"),
    PayoutWarning.TENFOLD: _("Earned many times more than in recent months"),
    PayoutWarning.NEGATIVE: _("Negative balance"),
    PayoutWarning.FIRST_PAYOUT: _("First payout ever"),
}


class ListedAffiliate(NamedTuple):
    """An affiliate on a list, with the amount in question; `previous` is the amount it is compared with, if any."""

    affiliate_id: UUID
    name: str
    amount: Decimal
    previous: Decimal | None = None


class AffiliateList(NamedTuple):
    """Affiliates with the same warning or carry-over reason: their number, their total, and the first MAX_LISTED."""

    code: str
    label: str | Promise
    affiliates: int
    total: Decimal
    entries: Sequence[ListedAffiliate]

    @property
    def more(self) -> int:
        return self.affiliates - len(self.entries)


class ExcludedAffiliate(NamedTuple):
    """An affiliate who would be excluded from the close, with the cause."""

    affiliate_id: UUID
    name: str
    cause: str


class DryRun(NamedTuple):
    """The result of a dry run. If `has_ended` is False, the month is still running and counted up to `as_of`."""

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
    """Compute what closing `month` at `now` would do, as if a running month ended now. Nothing is written."""
    with _compute_rolled_back(month, now) as (cursor, causes):
        return DryRun(
            month=month,
            as_of=min(now, month.ends_at),
            has_ended=month.ends_at <= now,
            figures=_read_figures(cursor, month, causes),
            before=[summarize_close(close) for close in Close.objects.order_by("-period")[:COMPARED_MONTHS]],
            carried=_read_lists(
                cursor, dry_run_sql.CARRIED_OVER, {code.value: code.staff_label for code in CarryOverReason}
            ),
            unusual=_read_lists(cursor, dry_run_sql.UNUSUAL, {kind.value: kind.label for kind in PayoutWarning}),
            exceptions=_list_excluded(dict(list(causes.items())[:MAX_LISTED])),
        )


def iter_csv_rows(*, month: Period, now: datetime) -> Iterator[list[Cell]]:
    """Yield a row for each statement under CSV_COLUMNS, then one for each excluded affiliate.

    The transaction stays open until the last row, so read all rows before sending any.
    """
    with _compute_rolled_back(month, now) as (cursor, causes):
        cursor.execute(dry_run_sql.ROWS, _build_limits())
        while rows := cursor.fetchmany(2000):
            for *cells, reasons, unusual in rows:
                yield [*cells, " ".join(reasons), " ".join(kind for kind in PayoutWarning if kind in unusual)]
        codes = dict(Affiliate.objects.filter(pk__in=causes).values_list("pk", "code"))
        for pk, cause in causes.items():
            yield [codes[pk], *[None] * (len(COLUMNS) - 1), f"excluded: {cause}"]


@contextmanager
def _compute_rolled_back(month: Period, now: datetime) -> Iterator[tuple[CursorWrapper, dict[UUID, str]]]:
    """Yield a cursor that sees the computed lines and statements, and {affiliate id: cause} of the excluded ones."""
    until = month._replace(ends_at=min(now, month.ends_at))
    with transaction.atomic():
        # Without a close in between, all figures are from before or all from after it.
        booking.lock_shared()
        causes = preflight.find_unclosable(ends_at=until.ends_at, now=now)
        # A read-only transaction can still fill temporary tables.
        collecting = ["SET TRANSACTION READ ONLY", close_sql.COLLECT_LINES]
        compute_close(month=until, now=now, by=None, exceptions=list(causes), collecting=collecting)
        with connection.cursor() as cursor:
            yield cursor, causes
        transaction.set_rollback(True)


def _read_figures(cursor: CursorWrapper, month: Period, causes: Mapping[UUID, str]) -> CloseSummary:
    cursor.execute(dry_run_sql.FIGURES)
    return CloseSummary._make([str(month), *cursor.fetchone(), len(causes)])


def _read_lists(cursor: CursorWrapper, query: str, labels: Mapping[str, str | Promise]) -> list[AffiliateList]:
    """Return the lists that `query` has rows for, in the order of `labels`."""
    cursor.execute(query, _build_limits())
    rows: dict[str, list[Any]] = {}
    for code, *row in cursor.fetchall():
        rows.setdefault(code, []).append(row)
    return [
        AffiliateList(code, labels[code], listed[0][0], listed[0][1], [ListedAffiliate(*row[2:]) for row in listed])
        for code in labels
        if (listed := rows.get(code))
    ]


def _build_limits() -> dict[str, Any]:
    return {
        "most": MAX_LISTED,
        "months": COMPARED_MONTHS,
        "over": settings.UNUSUAL_PAYOUT,
        "times": settings.UNUSUAL_EARNINGS_FACTOR,
        "least": settings.UNUSUAL_EARNINGS_MINIMUM,
    }


def _list_excluded(causes: Mapping[UUID, str]) -> list[ExcludedAffiliate]:
    affiliates = Affiliate.objects.in_bulk(list(causes))
    return [ExcludedAffiliate(pk, str(affiliates[pk]), cause) for pk, cause in causes.items()]
