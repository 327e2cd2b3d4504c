"""The monthly close: one transaction per month for all affiliates, idempotent (specification 6)."""

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
from agreements.published_versions import find_version_in_force
from audit import trail
from lib.errors import NotAllowed
from lib.ids import uuid7
from lib.request_values import read_once
from mail import alerts
from payouts.closing import close_sql, preflight
from payouts.ledger import booking
from payouts.models import Adjustment, Close
from tracking.models import Order

Progress = Callable[[int], None]
# The steps that a progress bar shows: the computation, and each statement that writes.
STEPS = 1 + len(close_sql.WRITE_QUERIES)


class CloseNotAllowed(NotAllowed):
    """The month cannot be closed now, for the reason in the message."""


@read_once
def get_month_to_close() -> Period | None:
    """Return the month after the last close; before the first close, the month of the first order or adjustment."""
    zone = get_program_time_zone()
    last = Close.objects.order_by("-period").values_list("period", flat=True).first()
    if last:
        return build_period(get_next_month(last), zone)
    earliest = (
        Order.objects.aggregate(at=Min("placed_at"))["at"],
        Adjustment.objects.aggregate(at=Min("made_at"))["at"],
    )
    times = [at for at in earliest if at]
    return find_period(min(times), zone) if times else None


def list_due_months(now: datetime) -> list[Period]:
    """Return the unclosed months whose `close_day` has come by `now`, oldest first."""
    zone, agreement = get_program_time_zone(), find_version_in_force(now)
    month = get_month_to_close()
    due: list[Period] = []
    while month and agreement and get_automatic_close_time(month, agreement.close_day, zone) <= now:
        due.append(month)
        month = build_period(get_next_month(month.first_day), zone)
    return due


def close_due_months(*, now: datetime) -> list[Close]:
    """Close every month that is due, oldest first, if the program is open."""
    if not Program.objects.filter(opened_at__lte=now).exists():
        return []
    return [close_month(month=month.first_day, now=now, by=None) for month in list_due_months(now)]


def close_month(*, month: date, now: datetime, by: User | None, progress: Progress = lambda _done: None) -> Close:
    """Close the month that begins on `month`; if it is closed, return its close.

    Everything is written in one transaction, and no two closes run at once. `progress` is called with the number of
    STEPS done. Raises CloseNotAllowed if the month has not ended or another must be closed first.
    """
    with transaction.atomic(durable=True):
        booking.lock_exclusive()
        existing = Close.objects.filter(period=month).first()
        if existing:
            return existing
        return _write_close(_get_closable_month(month, now), now, by, progress)


def _get_closable_month(first_day: date, now: datetime) -> Period:
    month, requested = get_month_to_close(), build_period(first_day, get_program_time_zone())
    if requested.ends_at > now:
        raise CloseNotAllowed(f"{requested} has not ended yet.")
    if month is None:
        raise CloseNotAllowed("There is nothing to close: no order and no adjustment yet.")
    if first_day < month.first_day:
        raise CloseNotAllowed(f"{requested} is before the program's first month, {_get_first_month(month)}.")
    if first_day > month.first_day:
        raise CloseNotAllowed(f"{month} must be closed first.")
    return month


def _get_first_month(upcoming: Period) -> str:
    """Return the month of the first close; `upcoming` if there is none."""
    first = Close.objects.order_by("period").first()
    return str(first or upcoming)


def _write_close(month: Period, now: datetime, by: User | None, progress: Progress) -> Close:
    exceptions = preflight.find_unclosable(ends_at=month.ends_at, now=now)
    values = compute_close(month=month, now=now, by=by, exceptions=list(exceptions), collecting=[close_sql.RECORD_CUT])
    _run(_report_progress(close_sql.WRITE_QUERIES, progress), values)
    close = Close.objects.get(pk=values["close"])
    preflight.record_exceptions(close=close, causes=exceptions)
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
        reason="Closed manually." if by else "Scheduled month-end close.",
    )
    return close


def compute_close(
    *, month: Period, now: datetime, by: User | None, exceptions: list[UUID], collecting: Sequence[str]
) -> dict[str, Any]:
    """Fill temporary tables of the caller's transaction with the lines and statements of `month`.

    `collecting` are the SQL statements that collect the lines: a close also records its cut, a dry run does not. Return
    the parameters of the SQL statements.
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
        "hold_days": [agreements[version_id].payout_details_hold_days for version_id in reach],
        "exceptions": exceptions,
    }


def _map_applicable_versions(versions: Sequence[applicable_version.PublishedVersion]) -> dict[UUID, UUID]:
    """Return {version id: id of the applicable version of affiliates who accepted it last}, in order of effect."""
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
    """Yield the statements and report each when it is done; the computation before them is the first step."""
    for done, statement in enumerate(statements, 1):
        progress(done)
        yield statement
    progress(STEPS)


def _run(statements: Iterable[str], values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
