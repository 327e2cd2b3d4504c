"""Months of the program: calendar months in its time zone, half-open (specification 6)."""

from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agreements.models import AgreementVersion
from agreements.published_versions import list_published_versions
from lib.formatting import format_date, format_datetime
from lib.request_values import is_sharing


def get_program_time_zone() -> ZoneInfo:
    """Return the program's time zone, the same in all its versions; UTC before the first is published."""
    if is_sharing():
        versions = list_published_versions()
        return ZoneInfo(versions[0].time_zone if versions else "UTC")
    name = AgreementVersion.objects.published().values_list("time_zone", flat=True).first()
    return ZoneInfo(name or "UTC")


def format_program_time(at: datetime) -> str:
    """Format a time in the program's time zone, as the pages of affiliates do: "3 Feb 2011, 08:26 UTC"."""
    return format_datetime(at, get_program_time_zone())


def format_program_day(at: datetime | None) -> str:
    """Format the day of `at` in the program's time zone: "3 Feb 2011"; "" for None."""
    return format_date(at.astimezone(get_program_time_zone()).date()) if at else ""


class Period(NamedTuple):
    """A month: its first day, and the instants where it begins and where the next one does."""

    first_day: date
    starts_at: datetime
    ends_at: datetime

    def __str__(self) -> str:
        return f"{self.first_day:%Y-%m}"


def build_period(first_day: date, zone: ZoneInfo) -> Period:
    """Return the month that begins on `first_day` in `zone`."""
    return Period(first_day, get_start_of_day(first_day, zone), get_start_of_day(get_next_month(first_day), zone))


def find_period(moment: datetime, zone: ZoneInfo) -> Period:
    """Return the month that contains `moment` in `zone`."""
    return build_period(moment.astimezone(zone).date().replace(day=1), zone)


def get_next_month(first_day: date) -> date:
    """Return the first day of the next month."""
    return date(first_day.year + first_day.month // 12, first_day.month % 12 + 1, 1)


def get_start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of `day` in `zone`, in UTC; if the clocks skip midnight, the first one after it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def get_automatic_close_time(month: Period, close_day: int, zone: ZoneInfo) -> datetime:
    """Return when a month is closed automatically: the start of `close_day` in the next month."""
    return get_start_of_day(get_next_month(month.first_day).replace(day=close_day), zone)
