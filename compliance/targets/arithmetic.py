"""Arithmetic of sales targets, without database and clock (specification 8, section 7 of the seed agreement).

The window of a check reaches back `target_days` x 24 hours, plus 24 hours for each paused day in it. Days are
calendar days in the program's time zone. A day is paused if the affiliate was suspended or paused during any part of
it, or if staff declared a target pause. Orders count from the first instant of the window on.
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
    """A half-open time span from `start` to `end`; None means that it has not ended."""

    start: datetime
    end: datetime | None


class Window(NamedTuple):
    since: datetime
    days_paused: int


def convert_to_date_ranges(spans: Iterable[Span], zone: ZoneInfo, until: datetime) -> list[DateRange]:
    """Return the days touched by each of `spans`, up to `until` for one that has not ended."""
    ranges = []
    for start, end in spans:
        last = min(end or until, until) - timedelta(microseconds=1)
        if last >= start:
            ranges.append(DateRange(start.astimezone(zone).date(), last.astimezone(zone).date()))
    return ranges


def merge_date_ranges(days: Iterable[DateRange]) -> list[DateRange]:
    """Return the same days in order and without overlaps."""
    result: list[DateRange] = []
    for first, last in sorted(days):
        if result and first <= result[-1].last + DAY:
            result[-1] = DateRange(result[-1].first, max(result[-1].last, last))
        else:
            result.append(DateRange(first, last))
    return result


def count_paused_days(paused: Sequence[DateRange], first: date, last: date) -> int:
    """Return how many days of `paused` (merged) lie between `first` and `last`, both included."""
    return sum(max(0, (min(last, days.last) - max(first, days.first)).days + 1) for days in paused)


def compute_window(*, moment: datetime, target_days: int, paused: Sequence[DateRange], zone: ZoneInfo) -> Window:
    """Return the window of a check at `moment`; each extension may reach further paused days and extend it again."""
    if not paused:  # the common case, kept fast
        return Window(moment - timedelta(days=target_days), 0)
    extension = 0
    while True:
        since = moment - timedelta(days=target_days + extension)
        days = count_paused_days(paused, since.astimezone(zone).date(), moment.astimezone(zone).date())
        if days <= extension:
            return Window(since, extension)
        extension = days


class Target(NamedTuple):
    """An affiliate's target: `orders` within `days`.

    `active_since` is the first activation. `qualifying_order_at` is when the n-th newest qualifying order was placed
    (n is `orders`; None if there are fewer): the target is met while it lies in the window.
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
    """Return whether the affiliate has been active for `target_days` at `moment`, not counting paused days."""
    return target.orders > 0 and target.compute_window(moment).since >= target.active_since


def is_missed(target: Target, moment: datetime) -> bool:
    """Return whether the target is missed at `moment` if no more orders arrive."""
    return target.qualifying_order_at is None or target.qualifying_order_at < target.compute_window(moment).since


def find_first_period_end(target: Target) -> datetime:
    """Return the end of the affiliate's first `target_days`, which paused days postpone."""
    first, paused = target.active_since.astimezone(target.zone).date(), 0
    while True:
        end = target.active_since + timedelta(days=target.days + paused)
        days = count_paused_days(target.paused, first, end.astimezone(target.zone).date())
        if days <= paused:
            return end
        paused = days


def find_expected_miss(target: Target, now: datetime) -> datetime | None:
    """Return when, within 30 days, the target would be missed if no more orders arrive; None if it would not.

    For a new affiliate only the end of their first `target_days` counts.
    """
    if is_checkable(target, now):
        return find_first_miss(target, list_upcoming_checks(now))
    end = find_first_period_end(target)
    near = end <= now + timedelta(days=AT_RISK_DAYS)
    return end if near and is_missed(target, end) else None


def list_upcoming_checks(now: datetime) -> list[datetime]:
    """Return the times of the daily checks in the next 30 days, at the same time of day as `now`."""
    return [now + timedelta(days=days) for days in range(1, AT_RISK_DAYS + 1)]


def find_latest_window_start(target_days: int, paused: Sequence[DateRange], zone: ZoneInfo, now: datetime) -> datetime:
    """Return an instant no earlier than the start of the window of any check within the next 30 days.

    A target that orders since then meet stays met for 30 days without any more orders.
    """
    moments = [now, *list_upcoming_checks(now)]
    return max(
        compute_window(moment=moment, target_days=target_days, paused=paused, zone=zone).since for moment in moments
    )


def find_first_miss(target: Target, moments: Sequence[datetime]) -> datetime | None:
    """Return the first of `moments` (ascending) at which the target would be missed if no more orders arrive."""
    # Pauses only extend the window, so a target that is met without them is met. This avoids the search in most cases.
    if target.qualifying_order_at is not None and target.qualifying_order_at >= moments[-1] - timedelta(
        days=target.days
    ):
        return None
    return next((moment for moment in moments if is_checkable(target, moment) and is_missed(target, moment)), None)


def compute_result(target: Target, *, now: datetime) -> TargetResult:
    """Return met, at risk (would be missed within 30 days) or, for an affiliate who can be checked, missed."""
    if is_checkable(target, now) and is_missed(target, now):
        return TargetResult.MISSED
    return TargetResult.AT_RISK if find_expected_miss(target, now) else TargetResult.MET
