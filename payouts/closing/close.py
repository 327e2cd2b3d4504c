"""The monthly close (CONTRACT 6): one atomic step a month, for any number of affiliates, right however often it is asked."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Min

from accounts.models import User
from agreements import under
from agreements.models import Agreement, Program
from agreements.periods import Period, closes_itself_at, following, period, period_of, program_zone
from audit import trail
from lib.errors import Refused
from lib.ids import uuid7
from mail import alerts
from payouts.closing import close_sql, preflight
from payouts.ledger import booking
from payouts.models import Adjustment, Close
from tracking.models import Order

Tell = Callable[[int], None]
# What a close is made of, for a progress bar: working out, and each statement that writes.
STEPS = 1 + len(close_sql.WRITE)


class CannotClose(Refused):
    """A month that can't be closed now, with the reason in words."""


def next_period() -> Period | None:
    """The month that is closed next: after the last close, else that of the earliest order or adjustment; None if
    there is neither."""
    zone = program_zone()
    last = Close.objects.order_by("-period").values_list("period", flat=True).first()
    if last:
        return period(following(last), zone)
    earliest = (
        Order.objects.aggregate(at=Min("placed_at"))["at"],
        Adjustment.objects.aggregate(at=Min("made_at"))["at"],
    )
    found = [moment for moment in earliest if moment]
    return period_of(min(found), zone) if found else None


def due_months(now: datetime) -> list[Period]:
    """The months that close by themselves by `now`, oldest first: ended, their `close_day` come, and not closed."""
    zone, agreement = program_zone(), Agreement.objects.in_force(now)
    month = next_period()
    due: list[Period] = []
    while month and agreement and closes_itself_at(month, agreement.close_day, zone) <= now:
        due.append(month)
        month = period(following(month.first_day), zone)
    return due


def close_due_months(*, now: datetime) -> list[Close]:
    """Beat's daily question: close every month that is due, oldest first, once the program is opened."""
    if not Program.objects.filter(opened_at__lte=now).exists():
        return []
    return [close_month(period=month.first_day, now=now, by=None) for month in due_months(now)]


def close_month(*, period: date, now: datetime, by: User | None, tell: Tell = lambda _done: None) -> Close:
    """Close the month that begins on `period`, or answer with the close that it has; CannotClose says why not.

    All of it happens, or nothing: the close and everything that it writes is one transaction, and no two run at once.
    `tell` learns how many of its STEPS are done.
    """
    with transaction.atomic(durable=True):
        booking.close_gate()
        done = Close.objects.filter(period=period).first()
        if done:
            return done
        month = _closable(period, now)
        return _close(month, now, by, tell)


def _closable(first_day: date, now: datetime) -> Period:
    month, wanted = next_period(), period(first_day, program_zone())
    if wanted.ends_at > now:
        raise CannotClose(f"{wanted} has not ended yet.")
    if month is None:
        raise CannotClose("There is nothing to close: no order and no adjustment yet.")
    if first_day < month.first_day:
        raise CannotClose(f"{wanted} lies before the program's first month, {_first_month(month)}.")
    if first_day > month.first_day:
        raise CannotClose(f"{month} must be closed first.")
    return month


def _first_month(upcoming: Period) -> str:
    """The month of the first close; `upcoming` before there is one."""
    first = Close.objects.order_by("period").first()
    return str(first or upcoming)


def _close(month: Period, now: datetime, by: User | None, tell: Tell) -> Close:
    set_aside = preflight.find_poison(ends_at=month.ends_at, now=now)
    values = work_out(month=month, now=now, by=by, set_aside=list(set_aside), taking=[close_sql.TAKE_THE_CUT])
    _run(_telling(close_sql.WRITE, tell), values)
    close = Close.objects.get(pk=values["close"])
    preflight.record(close=close, found=set_aside)
    if set_aside:
        alerts.alert_staff(
            kind="affiliates_set_aside", key=str(month), context={"period": str(month), "count": len(set_aside)}
        )
    trail.record(
        action="month closed",
        subject=close,
        now=now,
        by=by,
        after={"period": str(month), "cut": close.cut},
        reason="Closed by hand." if by else "The month had ended, and it was its turn.",
    )
    return close


def work_out(
    *, month: Period, now: datetime, by: User | None, set_aside: list[UUID], taking: Sequence[str]
) -> dict[str, Any]:
    """Fill the temporary tables of the caller's transaction with every line and every statement of `month`.

    `taking` says how the lines are taken: by the close, with its cut, or by a dry run, which must come to the same.
    """
    values = _values(month, now, by, set_aside)
    _run([close_sql.NO_LOOPS, *close_sql.TEMPORARY_TABLES.split(";"), *taking], values)
    _run([close_sql.WORK_OUT_STATEMENTS], values)
    return values


def _values(month: Period, now: datetime, by: User | None, set_aside: list[UUID]) -> dict[str, Any]:
    in_force = Agreement.objects.in_force(now)
    agreements = {agreement.pk: agreement for agreement in Agreement.objects.in_effect(now)}
    reach = _reach([version for version in under.versions() if version.effective_at <= now])
    return {
        "close": uuid7(),
        "batch": uuid7(),
        "period": month.first_day,
        "month": str(month),
        "starts_at": month.starts_at,
        "ends_at": month.ends_at,
        "now": now,
        "by": by.pk if by else None,
        "agreement": in_force.pk if in_force else None,
        "currency": in_force.currency if in_force else "",
        "minimum": in_force.payout_minimum if in_force else 0,
        "versions": list(reach),
        "reach": list(reach.values()),
        "minimums": [agreements[version_id].payout_minimum for version_id in reach],
        "set_aside": set_aside,
    }


def _reach(versions: Sequence[under.Version]) -> dict[UUID, UUID]:
    """{a version: the one that whoever accepted it is under now}, by `agreements.under`, in order of effect."""
    return {
        version.id: last.agreement_id
        for version in versions
        if (
            last := under.under_at(versions, {version.id: version.effective_at}, versions[-1].effective_at)
        ).agreement_id
    }


def _telling(statements: Sequence[str], tell: Tell) -> Iterator[str]:
    """The statements, each told when it is done; the working out before them is one step."""
    for done, statement in enumerate(statements, 1):
        tell(done)
        yield statement
    tell(STEPS)


def _run(statements: Iterable[str], values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
