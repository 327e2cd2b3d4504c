"""The monthly close (CONTRACT 6): one atomic step a month, for any number of affiliates, right however often it is asked."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Min

from accounts.models import User
from agreements import applicable_version
from agreements.models import AgreementVersion, Program
from agreements.periods import (
    Period,
    build_period,
    find_period,
    get_automatic_close_time,
    get_next_month,
    get_program_time_zone,
)
from audit import trail
from lib.errors import NotAllowed
from lib.ids import uuid7
from mail import alerts
from payouts.closing import close_sql, preflight
from payouts.ledger import booking
from payouts.models import Adjustment, Close
from tracking.models import Order

Progress = Callable[[int], None]
# What a close is made of, for a progress bar: working out, and each statement that writes.
STEPS = 1 + len(close_sql.WRITE_QUERIES)


class CloseNotAllowed(NotAllowed):
    """A month that can't be closed now, with the reason in words."""


def get_month_to_close() -> Period | None:
    """The month that is closed next: after the last close, else that of the earliest order or adjustment; None if
    there is neither."""
    zone = get_program_time_zone()
    last = Close.objects.order_by("-period").values_list("period", flat=True).first()
    if last:
        return build_period(get_next_month(last), zone)
    earliest = (
        Order.objects.aggregate(at=Min("placed_at"))["at"],
        Adjustment.objects.aggregate(at=Min("made_at"))["at"],
    )
    found = [moment for moment in earliest if moment]
    return find_period(min(found), zone) if found else None


def list_due_months(now: datetime) -> list[Period]:
    """The months that close by themselves by `now`, oldest first: ended, their `close_day` come, and not closed."""
    zone, agreement = get_program_time_zone(), AgreementVersion.objects.get_in_force(now)
    month = get_month_to_close()
    due: list[Period] = []
    while month and agreement and get_automatic_close_time(month, agreement.close_day, zone) <= now:
        due.append(month)
        month = build_period(get_next_month(month.first_day), zone)
    return due


def close_due_months(*, now: datetime) -> list[Close]:
    """Beat's daily question: close every month that is due, oldest first, once the program is opened."""
    if not Program.objects.filter(opened_at__lte=now).exists():
        return []
    return [close_month(month=month.first_day, now=now, by=None) for month in list_due_months(now)]


def close_month(*, month: date, now: datetime, by: User | None, progress: Progress = lambda _done: None) -> Close:
    """Close the month that begins on `month`, or answer with the close that it has; CannotClose says why not.

    All of it happens, or nothing: the close and everything that it writes is one transaction, and no two run at once.
    `progress` learns how many of its STEPS are done.
    """
    with transaction.atomic(durable=True):
        booking.lock_exclusive()
        done = Close.objects.filter(period=month).first()
        if done:
            return done
        closing = _get_closable_month(month, now)
        return _write_close(closing, now, by, progress)


def _get_closable_month(first_day: date, now: datetime) -> Period:
    month, wanted = get_month_to_close(), build_period(first_day, get_program_time_zone())
    if wanted.ends_at > now:
        raise CloseNotAllowed(f"{wanted} has not ended yet.")
    if month is None:
        raise CloseNotAllowed("There is nothing to close: no order and no adjustment yet.")
    if first_day < month.first_day:
        raise CloseNotAllowed(f"{wanted} lies before the program's first month, {_get_first_month(month)}.")
    if first_day > month.first_day:
        raise CloseNotAllowed(f"{month} must be closed first.")
    return month


def _get_first_month(upcoming: Period) -> str:
    """The month of the first close; `upcoming` before there is one."""
    first = Close.objects.order_by("period").first()
    return str(first or upcoming)


def _write_close(month: Period, now: datetime, by: User | None, progress: Progress) -> Close:
    exceptions = preflight.find_unclosable(ends_at=month.ends_at, now=now)
    values = compute_close(month=month, now=now, by=by, exceptions=list(exceptions), collecting=[close_sql.RECORD_CUT])
    _run(_report_progress(close_sql.WRITE_QUERIES, progress), values)
    close = Close.objects.get(pk=values["close"])
    preflight.record_exceptions(close=close, found=exceptions)
    if exceptions:
        alerts.alert_staff(
            kind="close_exceptions", key=str(month), context={"period": str(month), "count": len(exceptions)}
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


def compute_close(
    *, month: Period, now: datetime, by: User | None, exceptions: list[UUID], collecting: Sequence[str]
) -> dict[str, Any]:
    """Fill the temporary tables of the caller's transaction with every line and every statement of `month`.

    `collecting` says how the lines are taken: by the close, with its cut, or by a dry run, which must come to the same.
    """
    values = _build_parameters(month, now, by, exceptions)
    _run([close_sql.DISABLE_NESTED_LOOPS, *close_sql.TEMPORARY_TABLES.split(";"), *collecting], values)
    _run([close_sql.COMPUTE_STATEMENTS], values)
    return values


def _build_parameters(month: Period, now: datetime, by: User | None, exceptions: list[UUID]) -> dict[str, Any]:
    in_force = AgreementVersion.objects.get_in_force(now)
    agreements = {agreement.pk: agreement for agreement in AgreementVersion.objects.in_effect(now)}
    reach = _map_applicable_versions(
        [version for version in applicable_version.list_published_versions() if version.effective_at <= now]
    )
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
        "exceptions": exceptions,
    }


def _map_applicable_versions(versions: Sequence[applicable_version.PublishedVersion]) -> dict[UUID, UUID]:
    """{a version: the one that whoever accepted it is under now}, by `agreements.applicable_version`, in order of effect."""
    return {
        version.id: last.agreement_id
        for version in versions
        if (
            last := applicable_version.resolve_applicable_version(
                versions, {version.id: version.effective_at}, versions[-1].effective_at
            )
        ).agreement_id
    }


def _report_progress(statements: Sequence[str], progress: Progress) -> Iterator[str]:
    """The statements, each told when it is done; the working out before them is one step."""
    for done, statement in enumerate(statements, 1):
        progress(done)
        yield statement
    progress(STEPS)


def _run(statements: Iterable[str], values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
