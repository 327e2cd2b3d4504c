"""Clicks lie in a table for each month (UTC): made ahead of time, dropped when they are old; reports stay without them.

None of it may hold the redirect up: whoever can't have a lock within 100 ms lets go and tries again.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import OperationalError, connection, transaction

log = logging.getLogger(__name__)

MONTHS_AHEAD = 3
_TRIES = 5


def maintain_partitions(*, now: datetime) -> tuple[int, int]:
    """Make the months to come and drop those past CLICK_RETENTION_DAYS; how many of each. Asked every day."""
    return create_partitions(now=now), drop_old_partitions(now=now)


def create_partitions(*, now: datetime) -> int:
    """Make the tables of this month, the next three, and of whatever lies in none; how many were made.

    What would be later still stays with the default: a clock that is years ahead must not make tables for them.
    """
    coming = {_add_months(_get_month(now), number) for number in range(MONTHS_AHEAD + 1)}
    past = {month for month in _list_months_in_default() if month < min(coming)}
    return sum(
        _execute_with_retries("SELECT make_month('tracking_click', %s)", month) for month in sorted(coming | past)
    )


def drop_old_partitions(*, now: datetime) -> int:
    """Drop the months that lie wholly before CLICK_RETENTION_DAYS; how many were dropped. None where it is 0."""
    if not settings.CLICK_RETENTION_DAYS:
        return 0
    oldest = now - timedelta(days=settings.CLICK_RETENTION_DAYS)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tracking_click_default WHERE at < %s", [oldest])
    old = [month for month in list_partitions() if _get_month_start(_add_months(month, 1)) <= oldest]
    return sum(_execute_with_retries("SELECT drop_click_month(%s)", month) for month in old)


def list_partitions() -> list[date]:
    """The months that have a table of their own, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') FROM pg_inherits"
            " WHERE inhparent = 'tracking_click'::regclass AND inhrelid <> 'tracking_click_default'::regclass ORDER BY 1"
        )
        return [month for (month,) in cursor]


def find_first_kept_month() -> date | None:
    """The first month that was not dropped: of the days from its first on, every click is there. None without any."""
    return min([*list_partitions(), *_list_months_in_default()], default=None)


def _list_months_in_default() -> Iterator[date]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC')::date FROM tracking_click_default")
        yield from (month for (month,) in cursor.fetchall())


def _execute_with_retries(statement: str, month: date) -> bool:
    """Whether the statement did what it says for `month`; tried again a few times, then by the next day's question."""
    for _try in range(_TRIES):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, [month])
                return bool(cursor.fetchone()[0])
        except OperationalError as error:
            log.info("the clicks of %s are in use: %s", month, error)
    return False


def _get_month(at: datetime) -> date:
    return at.astimezone(UTC).date().replace(day=1)


def _add_months(month: date, number: int) -> date:
    years, months = divmod(month.month - 1 + number, 12)
    return date(month.year + years, months + 1, 1)


def _get_month_start(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)
