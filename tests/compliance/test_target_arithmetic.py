"""Arithmetic of target windows and results."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from compliance.models import TargetCheck
from compliance.targets.arithmetic import (
    DateRange,
    Span,
    Target,
    TargetResult,
    compute_result,
    convert_to_date_ranges,
    count_paused_days,
    find_first_miss,
    is_checkable,
    is_missed,
    list_upcoming_checks,
    merge_date_ranges,
)

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def at(month: int, day: int, hour: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def make_target(
    qualifying_order_at=None,
    *,
    paused=(),
    active_since=datetime(2025, 1, 1, tzinfo=UTC),
    orders=3,
    days=180,
    zone=UTC_ZONE,
):
    return Target(orders, days, active_since, merge_date_ranges(paused), zone, qualifying_order_at)


def test_check_is_named_by_its_day_and_result_in_words():
    assert str(TargetCheck(day=date(2026, 11, 29), result="at_risk")) == "29 Nov 2026: at risk"


def test_window_reaches_back_180_days_of_24_hours():
    # 2026-07-01 12:00 less 180 days: 2026-01-02 12:00.
    assert make_target().compute_window(NOW) == (at(1, 2, 12), 0)


def test_window_is_extended_by_each_paused_day():
    pause = DateRange(date(2026, 3, 1), date(2026, 3, 10))
    assert make_target(paused=[pause]).compute_window(NOW) == (at(1, 2, 12) - timedelta(days=10), 10)


def test_window_is_extended_by_paused_days_in_its_extension():
    # Ten days in March extend the window to 2025-12-23 12:00, where it reaches five of the ten days in December; these
    # extend it to the others.
    paused = [DateRange(date(2026, 3, 1), date(2026, 3, 10)), DateRange(date(2025, 12, 18), date(2025, 12, 27))]
    assert make_target(paused=paused).compute_window(NOW) == (at(1, 2, 12) - timedelta(days=20), 20)


def test_window_ignores_paused_days_outside_it():
    paused = [DateRange(date(2025, 10, 1), date(2025, 10, 31)), DateRange(date(2026, 7, 2), date(2026, 7, 20))]
    assert make_target(paused=paused).compute_window(NOW) == (at(1, 2, 12), 0)


def test_overlapping_pauses_count_once():
    assert merge_date_ranges(
        [DateRange(date(2026, 3, 5), date(2026, 3, 9)), DateRange(date(2026, 3, 1), date(2026, 3, 6))]
    ) == [DateRange(date(2026, 3, 1), date(2026, 3, 9))]
    assert count_paused_days([DateRange(date(2026, 3, 1), date(2026, 3, 9))], date(2026, 3, 9), date(2026, 4, 1)) == 1


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (at(3, 1, 23), at(3, 2, 1), [DateRange(date(2026, 3, 1), date(2026, 3, 2))]),  # partial days count as days
        (at(3, 1), at(3, 2), [DateRange(date(2026, 3, 1), date(2026, 3, 1))]),  # the end is excluded
        (at(3, 1), at(3, 1), []),
        (at(6, 30), None, [DateRange(date(2026, 6, 30), date(2026, 7, 1))]),  # not ended yet
        (at(8, 1), None, []),
    ],
)
def test_pause_covers_every_day_that_it_touches(start, end, days):
    assert convert_to_date_ranges([Span(start, end)], UTC_ZONE, NOW) == days


def test_paused_days_are_days_of_the_programs_time_zone():
    # In Kiritimati (UTC+14) 2026-03-01 20:00 UTC is 10:00 on 2 March.
    span = Span(at(3, 1, 20), at(3, 1, 21))
    assert convert_to_date_ranges([span], ZoneInfo("Pacific/Kiritimati"), NOW) == [
        DateRange(date(2026, 3, 2), date(2026, 3, 2))
    ]


def test_order_at_the_window_start_counts_and_an_earlier_one_does_not():
    assert not is_missed(make_target(at(1, 2, 12)), NOW)
    assert is_missed(make_target(at(1, 2, 12) - TICK), NOW)
    assert is_missed(make_target(None), NOW)


def test_target_is_checkable_after_180_active_days():
    assert not is_checkable(make_target(active_since=at(1, 2, 12) + TICK), NOW)
    assert is_checkable(make_target(active_since=at(1, 2, 12)), NOW)


def test_paused_days_postpone_the_first_check():
    paused = [DateRange(date(2026, 3, 1), date(2026, 3, 10))]
    assert not is_checkable(make_target(active_since=at(1, 2, 12), paused=paused), NOW + timedelta(days=10) - TICK)
    assert is_checkable(make_target(active_since=at(1, 2, 12), paused=paused), NOW + timedelta(days=10))


def test_target_of_zero_orders_is_never_checkable():
    assert not is_checkable(make_target(orders=0), NOW)


@pytest.mark.parametrize(
    ("qualifying_order_at", "expected"),
    [
        # In 30 days the window starts at 2026-02-01 12:00; an order at that instant still counts.
        (at(2, 1, 12), TargetResult.MET),
        (at(2, 1, 12) - TICK, TargetResult.AT_RISK),
        (at(1, 2, 12), TargetResult.AT_RISK),
        (at(1, 2, 12) - TICK, TargetResult.MISSED),
        (None, TargetResult.MISSED),
    ],
)
def test_result_depends_on_the_qualifying_order(qualifying_order_at, expected):
    assert compute_result(make_target(qualifying_order_at), now=NOW) == expected


def test_declared_pause_extends_the_window_of_future_checks():
    pause = [DateRange(date(2026, 7, 10), date(2026, 7, 10))]
    assert compute_result(make_target(at(2, 1, 12) - TICK, paused=pause), now=NOW) == TargetResult.MET


def test_first_miss_is_the_first_check_without_the_order():
    # Placed 2026-01-05 12:00, so it counts until 2026-07-04 12:00.
    assert find_first_miss(make_target(at(1, 5, 12)), list_upcoming_checks(NOW)) == at(7, 5, 12)
    assert find_first_miss(make_target(at(3, 1)), list_upcoming_checks(NOW)) is None
