"""A month of the program ..."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from agreements import periods

# The zone, the month's first day, and the instants in UTC at which it and the next one begin.
MONTHS = [
    ("UTC", "2026-01-01", "2026-01-01T00:00", "2026-02-01T00:00"),
    ("UTC", "2025-12-01", "2025-12-01T00:00", "2026-01-01T00:00"),
    ("America/New_York", "2026-03-01", "2026-03-01T05:00", "2026-04-01T04:00"),
    ("America/New_York", "2026-11-01", "2026-11-01T04:00", "2026-12-01T05:00"),
    ("Asia/Kathmandu", "2024-02-01", "2024-01-31T18:15", "2024-02-29T18:15"),
    ("Pacific/Kiritimati", "2026-12-01", "2026-11-30T10:00", "2026-12-31T10:00"),
    ("Australia/Lord_Howe", "2026-04-01", "2026-03-31T13:00", "2026-04-30T13:30"),
]


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "first", "starts_at", "ends_at"), MONTHS)
def test_lasts_from_its_first_midnight_to_the_next_ones(zone, first, starts_at, ends_at):
    month = periods.build_period(date.fromisoformat(first), ZoneInfo(zone))
    assert month == (date.fromisoformat(first), utc(starts_at), utc(ends_at))
    assert str(month) == first[:7]


@pytest.mark.parametrize(("zone", "first", "starts_at", "ends_at"), MONTHS)
def test_is_half_open(zone, first, starts_at, ends_at):
    month = periods.build_period(date.fromisoformat(first), ZoneInfo(zone))
    assert periods.find_period(utc(starts_at), ZoneInfo(zone)) == month
    assert periods.find_period(utc(ends_at), ZoneInfo(zone)) == periods.build_period(
        periods.get_next_month(month.first_day), ZoneInfo(zone)
    )


def test_follows_the_other_into_a_new_year():
    days = [date(2025, month, 1) for month in range(1, 13)]
    assert [periods.get_next_month(day) for day in days] == [*days[1:], date(2026, 1, 1)]


def test_closes_itself_on_the_close_day_of_the_next_one():
    zone = ZoneInfo("America/New_York")
    february = periods.build_period(date(2026, 2, 1), zone)
    assert periods.get_automatic_close_time(february, 3, zone) == utc("2026-03-03T05:00")
    assert periods.get_automatic_close_time(periods.build_period(date(2025, 12, 1), zone), 28, zone) == utc(
        "2026-01-28T05:00"
    )
