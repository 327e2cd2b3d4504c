"""Monthly partitions (UTC) of the click table: created ahead of time, and dropped after the retention period.

Reports keep their figures, because they read rollups. Nothing here may delay the redirect: a statement that does not
get its lock within 100 ms gives up and is retried.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import OperationalError, connection, transaction

log = logging.getLogger(__name__)

MONTHS_AHEAD = 3
_ATTEMPTS = 5


def maintain_partitions(*, now: datetime) -> tuple[int, int]:
    """Create coming partitions and drop those past CLICK_RETENTION_DAYS, daily; return the number of each."""
    return create_partitions(now=now), drop_old_partitions(now=now)


def create_partitions(*, now: datetime) -> int:
    """Create partitions for this month, the next three and past months without one; return how many are new.

    Later clicks stay in the default partition, because a clock that is years ahead must not create tables.
    """
    coming = {_add_months(_get_month(now), number) for number in range(MONTHS_AHEAD + 1)}
    past = {month for month in _list_months_in_default() if month < min(coming)}
    return sum(
        _execute_with_retries("SELECT make_month('tracking_click', %s)", month) for month in sorted(coming | past)
    )


def drop_old_partitions(*, now: datetime) -> int:
    """Drop the months that end before the last CLICK_RETENTION_DAYS; return their number. With 0 nothing is dropped."""
    if not settings.CLICK_RETENTION_DAYS:
        return 0
    oldest = now - timedelta(days=settings.CLICK_RETENTION_DAYS)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tracking_click_default WHERE at < %s", [oldest])
    old = [month for month in list_partitions() if _get_month_start(_add_months(month, 1)) <= oldest]
    return sum(_execute_with_retries("SELECT drop_click_month(%s)", month) for month in old)


def list_partitions() -> list[date]:
    """Return the months that have a partition, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') FROM pg_inherits"
            " WHERE inhparent = 'tracking_click'::regclass AND inhrelid <> 'tracking_click_default'::regclass"
            " ORDER BY 1"
        )
        return [month for (month,) in cursor]


def find_first_kept_month() -> date | None:
    """Return the first month from which all clicks are kept, or None if there are no partitions."""
    return min([*list_partitions(), *_list_months_in_default()], default=None)


def _list_months_in_default() -> Iterator[date]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC')::date FROM tracking_click_default")
        yield from (month for (month,) in cursor.fetchall())


def _execute_with_retries(statement: str, month: date) -> bool:
    """Return whether the statement changed anything for `month`. After a few failed tries, the next daily run tries."""
    for _attempt in range(_ATTEMPTS):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, [month])
                return bool(cursor.fetchone()[0])
        except OperationalError as error:
            log.info("The clicks of %s are in use: %s", month, error)
    return False


def _get_month(at: datetime) -> date:
    return at.astimezone(UTC).date().replace(day=1)


def _add_months(month: date, number: int) -> date:
    years, months = divmod(month.month - 1 + number, 12)
    return date(month.year + years, months + 1, 1)


def _get_month_start(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)
