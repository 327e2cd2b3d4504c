"""Months in the program's time zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from agreements import periods
from agreements.publishing import publish_version
from agreements.seeding import create_seed_draft

# (time zone, first day, start of the month in UTC, start of the next month in UTC)
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
def test_month_lasts_from_first_midnight_to_next_first_midnight(zone, first, starts_at, ends_at):
    month = periods.build_period(date.fromisoformat(first), ZoneInfo(zone))
    assert month == (date.fromisoformat(first), utc(starts_at), utc(ends_at))
    assert str(month) == first[:7]


@pytest.mark.parametrize(("zone", "first", "starts_at", "ends_at"), MONTHS)
def test_month_includes_its_start_and_excludes_its_end(zone, first, starts_at, ends_at):
    month = periods.build_period(date.fromisoformat(first), ZoneInfo(zone))
    assert periods.find_period(utc(starts_at), ZoneInfo(zone)) == month
    assert periods.find_period(utc(ends_at), ZoneInfo(zone)) == periods.build_period(
        periods.get_next_month(month.first_day), ZoneInfo(zone)
    )


@pytest.mark.django_db
def test_time_zone_of_the_program_is_utc_until_a_version_is_published():
    draft = create_seed_draft(now=utc("2026-01-01"))
    draft.time_zone = "Asia/Kathmandu"
    draft.save()
    assert periods.get_program_time_zone() == ZoneInfo("UTC")
    publish_version(agreement=draft, effective_at=utc("2026-01-01"), now=utc("2026-01-01"), by=None)
    assert periods.get_program_time_zone() == ZoneInfo("Asia/Kathmandu")


def test_next_month_crosses_new_year():
    days = [date(2025, month, 1) for month in range(1, 13)]
    assert [periods.get_next_month(day) for day in days] == [*days[1:], date(2026, 1, 1)]


def test_automatic_close_time_is_midnight_of_close_day():
    zone = ZoneInfo("America/New_York")
    february = periods.build_period(date(2026, 2, 1), zone)
    assert periods.get_automatic_close_time(february, 3, zone) == utc("2026-03-03T05:00")
    assert periods.get_automatic_close_time(periods.build_period(date(2025, 12, 1), zone), 28, zone) == utc(
        "2026-01-28T05:00"
    )
