"""Moments that come out of the database by the thousand: as whole microseconds, which are read far faster than timestamps."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def build_microseconds_sql(column: str) -> str:
    """SQL: the moment in `column` as microseconds since 1970, exactly; NULL stays NULL."""
    return f"(EXTRACT(EPOCH FROM {column}) * 1000000)::bigint"


def parse_microseconds(count: int) -> datetime:
    """The moment that is so many microseconds after 1970 began."""
    return EPOCH + timedelta(microseconds=count)
