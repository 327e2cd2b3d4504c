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
from payouts.closing.carry_over import CarryOver
from payouts.closing.close import work_out
from payouts.closing.close_summary import COLUMNS, Summary, summary
from payouts.ledger import booking
from payouts.models import Close

MOST = 25
"""How many affiliates each list names."""
MONTHS = 3
"""With how many closed months before it a month is compared."""
CSV_COLUMNS = (*COLUMNS, "unusual")


class Unusual(StrEnum):
    """What staff should look at before a month is closed, the gravest first."""

    CHANGED_DETAILS = "changed_details"
    OVER_LIMIT = "over_limit"
    TENFOLD = "tenfold"
    NEGATIVE = "negative"
    FIRST_PAYOUT = "first_payout"

    @property
    def label(self) -> str | Promise:
        return _LABELS[self]


_LABELS: dict[Unusual, str | Promise] = {
    Unusual.CHANGED_DETAILS: _("First payout to changed details"),
    Unusual.OVER_LIMIT: _("Payout over the limit"),
    Unusual.TENFOLD: _("Earned many times the months before"),
    Unusual.NEGATIVE: _("Balance below zero"),
    Unusual.FIRST_PAYOUT: _("First payout at all"),
}


class Who(NamedTuple):
    """An affiliate on a list, with the amount that it is about; `was` is what it is compared with, if anything."""

    affiliate_id: UUID
    name: str
    amount: Decimal
    was: Decimal | None = None


class Listed(NamedTuple):
    """Affiliates for whom one thing is so: how many, the sum of their amounts, the first of them, and how many more."""

    code: str
    label: str | Promise
    affiliates: int
    total: Decimal
    who: Sequence[Who]

    @property
    def more(self) -> int:
        return self.affiliates - len(self.who)


class Aside(NamedTuple):
    """An affiliate who would be set aside, with the cause."""

    affiliate_id: UUID
    name: str
    cause: str


class Preview(NamedTuple):
    """A dry run. `ended` is False for a month that still runs: it then counts up to `as_of` only."""

    month: Period
    as_of: datetime
    ended: bool
    figures: Summary
    before: Sequence[Summary]
    carried: Sequence[Listed]
    unusual: Sequence[Listed]
    set_aside: Sequence[Aside]

    @property
    def set_aside_more(self) -> int:
        return self.figures.set_aside - len(self.set_aside)


def preview(*, month: Period, now: datetime) -> Preview:
    """What closing `month` at `now` would do; a month that still runs is taken as if it ended now. Nothing is written."""
    with _worked_out(month, now) as (cursor, found):
        return Preview(
            month=month,
            as_of=min(now, month.ends_at),
            ended=month.ends_at <= now,
            figures=_figures(cursor, month, found),
            before=[summary(close) for close in Close.objects.order_by("-period")[:MONTHS]],
            carried=_listed(cursor, dry_run_sql.CARRIED, {code.value: code.for_staff for code in CarryOver}),
            unusual=_listed(cursor, dry_run_sql.UNUSUAL, {kind.value: kind.label for kind in Unusual}),
            set_aside=_named(dict(list(found.items())[:MOST])),
        )


def csv_rows(*, month: Period, now: datetime) -> Iterator[list[Cell]]:
    """The whole dry run under CSV_COLUMNS, one row a statement, and last one a set-aside affiliate.

    Read while the transaction is open: take all of it before it is sent anywhere.
    """
    with _worked_out(month, now) as (cursor, found):
        cursor.execute(dry_run_sql.ROWS, _limits())
        while rows := cursor.fetchmany(2000):
            for *cells, reasons, unusual in rows:
                yield [*cells, " ".join(reasons), " ".join(kind for kind in Unusual if kind in unusual)]
        codes = dict(Affiliate.objects.filter(pk__in=found).values_list("pk", "code"))
        for pk, cause in found.items():
            yield [codes[pk], *[None] * (len(COLUMNS) - 1), f"set aside: {cause}"]


@contextmanager
def _worked_out(month: Period, now: datetime) -> Iterator[tuple[CursorWrapper, dict[UUID, str]]]:
    """A cursor that sees the lines and statements of the month, and who would be set aside; all is forgotten after it."""
    until = month._replace(ends_at=min(now, month.ends_at))
    with transaction.atomic():
        # No close runs meanwhile: what is shown is of one side of it.
        booking.gate()
        found = preflight.find_poison(ends_at=until.ends_at, now=now)
        # Temporary tables can still be filled then, and no other.
        taking = ["SET TRANSACTION READ ONLY", close_sql.TAKE_THE_LINES]
        work_out(month=until, now=now, by=None, set_aside=list(found), taking=taking)
        with connection.cursor() as cursor:
            yield cursor, found
        transaction.set_rollback(True)


def _figures(cursor: CursorWrapper, month: Period, found: Mapping[UUID, str]) -> Summary:
    cursor.execute(dry_run_sql.FIGURES)
    return Summary._make([str(month), *cursor.fetchone(), len(found)])


def _listed(cursor: CursorWrapper, question: str, labels: Mapping[str, str | Promise]) -> list[Listed]:
    """The lists that `question` gives rows for, in the order of `labels`."""
    cursor.execute(question, _limits())
    rows: dict[str, list[Any]] = {}
    for code, *row in cursor.fetchall():
        rows.setdefault(code, []).append(row)
    return [
        Listed(code, labels[code], found[0][0], found[0][1], [Who(*row[2:]) for row in found])
        for code in labels
        if (found := rows.get(code))
    ]


def _limits() -> dict[str, Any]:
    return {
        "most": MOST,
        "months": MONTHS,
        "over": settings.UNUSUAL_PAYOUT,
        "times": settings.UNUSUAL_EARNINGS_TIMES,
        "least": settings.UNUSUAL_EARNINGS_LEAST,
    }


def _named(found: Mapping[UUID, str]) -> list[Aside]:
    named = Affiliate.objects.in_bulk(list(found))
    return [Aside(pk, str(named[pk]), cause) for pk, cause in found.items()]
