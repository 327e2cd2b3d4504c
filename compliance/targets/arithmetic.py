"""The sales target as arithmetic (CONTRACT 8, section 7 of the seed agreement). Pure: no Django, no clock.

The window of an answer at `moment` reaches back `target_days` x 24 hours, and 24 hours more for each paused day in it. A day
is one of the program's time zone, and it is paused when the affiliate was suspended or paused on any part of it, or when staff
declared a pause for all. An order counts that was placed at the window's first instant or later.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

AT_RISK_DAYS = 30
DAY = timedelta(days=1)


class TargetResult(StrEnum):
    MET = "met"
    AT_RISK = "at_risk"
    MISSED = "missed"


class DateRange(NamedTuple):
    """Calendar days from `first` to `last`, both included."""

    first: date
    last: date


class Span(NamedTuple):
    """A time from `start` up to `end`, which it does not contain; None: it still runs."""

    start: datetime
    end: datetime | None


class Window(NamedTuple):
    since: datetime
    days_paused: int


def convert_to_date_ranges(spans: Iterable[Span], zone: ZoneInfo, until: datetime) -> list[DateRange]:
    """The days on which any of `spans` ran, up to `until` for one that still runs."""
    found = []
    for start, end in spans:
        last = min(end or until, until) - timedelta(microseconds=1)
        if last >= start:
            found.append(DateRange(start.astimezone(zone).date(), last.astimezone(zone).date()))
    return found


def merge_date_ranges(days: Iterable[DateRange]) -> list[DateRange]:
    """The same days in order, each once."""
    result: list[DateRange] = []
    for first, last in sorted(days):
        if result and first <= result[-1].last + DAY:
            result[-1] = DateRange(result[-1].first, max(result[-1].last, last))
        else:
            result.append(DateRange(first, last))
    return result


def count_paused_days(paused: Sequence[DateRange], first: date, last: date) -> int:
    """How many days of `paused` (merged) lie between `first` and `last`, both included."""
    return sum(max(0, (min(last, days.last) - max(first, days.first)).days + 1) for days in paused)


def compute_window(*, moment: datetime, target_days: int, paused: Sequence[DateRange], zone: ZoneInfo) -> Window:
    """The window of an answer at `moment`; the days by which it grows may themselves reach further paused days."""
    if not paused:  # nearly everybody: spares them the calendar
        return Window(moment - timedelta(days=target_days), 0)
    grown = 0
    while True:
        since = moment - timedelta(days=target_days + grown)
        days = count_paused_days(paused, since.astimezone(zone).date(), moment.astimezone(zone).date())
        if days <= grown:
            return Window(since, grown)
        grown = days


class Target(NamedTuple):
    """What an affiliate is asked for, and what is known of them.

    `active_since` is their first activation. `qualifying_order_at` is when their target-th newest order that counts was placed, None for
    fewer: the target is met as long as it lies in the window.
    """

    orders: int
    days: int
    active_since: datetime
    paused: Sequence[DateRange]
    zone: ZoneInfo
    qualifying_order_at: datetime | None

    def compute_window(self, moment: datetime) -> Window:
        return compute_window(moment=moment, target_days=self.days, paused=self.paused, zone=self.zone)


def is_checkable(target: Target, moment: datetime) -> bool:
    """Whether they have been active for `target_days` by `moment`: days on which they could not earn are none of these."""
    return target.orders > 0 and target.compute_window(moment).since >= target.active_since


def is_missed(target: Target, moment: datetime) -> bool:
    """Whether fewer orders than the target lie in the window of `moment`, with no further order."""
    return target.qualifying_order_at is None or target.qualifying_order_at < target.compute_window(moment).since


def list_upcoming_checks(now: datetime) -> list[datetime]:
    """The daily questions of the next 30 days, asked at the same time of day as `now`."""
    return [now + timedelta(days=ahead) for ahead in range(1, AT_RISK_DAYS + 1)]


def find_first_miss(target: Target, moments: Sequence[datetime]) -> datetime | None:
    """The first of `moments` (in order) at which the question would find the target missed without a further order."""
    # Pauses only widen the window: who meets it without any of them meets it with them. This spares most the search.
    if target.qualifying_order_at is not None and target.qualifying_order_at >= moments[-1] - timedelta(
        days=target.days
    ):
        return None
    return next((moment for moment in moments if is_checkable(target, moment) and is_missed(target, moment)), None)


def compute_result(target: Target, *, now: datetime) -> TargetResult:
    """Met, at risk (missed within 30 days without a further order) or missed."""
    if is_missed(target, now):
        return TargetResult.MISSED
    return TargetResult.AT_RISK if find_first_miss(target, list_upcoming_checks(now)) else TargetResult.MET
