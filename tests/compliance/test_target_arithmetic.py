"""The target's window and answer ..."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

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


def on(month: int, day: int, hour: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def target(
    qualifying_order_at=None,
    *,
    paused=(),
    active_since=datetime(2025, 1, 1, tzinfo=UTC),
    orders=3,
    days=180,
    zone=UTC_ZONE,
):
    return Target(orders, days, active_since, merge_date_ranges(paused), zone, qualifying_order_at)


def test_reaches_back_180_days_of_24_hours():
    # 2026-07-01 12:00 less 180 days: 2026-01-02 12:00.
    assert target().compute_window(NOW) == (on(1, 2, 12), 0)


def test_grows_by_a_day_for_each_paused_day_in_it():
    ten = DateRange(date(2026, 3, 1), date(2026, 3, 10))
    assert target(paused=[ten]).compute_window(NOW) == (on(1, 2, 12) - timedelta(days=10), 10)


def test_grows_by_paused_days_that_only_the_growth_reaches():
    # Ten days in March reach back to 2025-12-23 12:00; five of December's ten lie in that, which reach back to the others.
    paused = [DateRange(date(2026, 3, 1), date(2026, 3, 10)), DateRange(date(2025, 12, 18), date(2025, 12, 27))]
    assert target(paused=paused).compute_window(NOW) == (on(1, 2, 12) - timedelta(days=20), 20)


def test_does_not_grow_by_days_before_or_after_it():
    paused = [DateRange(date(2025, 10, 1), date(2025, 10, 31)), DateRange(date(2026, 7, 2), date(2026, 7, 20))]
    assert target(paused=paused).compute_window(NOW) == (on(1, 2, 12), 0)


def test_counts_overlapping_pauses_once():
    assert merge_date_ranges(
        [DateRange(date(2026, 3, 5), date(2026, 3, 9)), DateRange(date(2026, 3, 1), date(2026, 3, 6))]
    ) == [DateRange(date(2026, 3, 1), date(2026, 3, 9))]
    assert count_paused_days([DateRange(date(2026, 3, 1), date(2026, 3, 9))], date(2026, 3, 9), date(2026, 4, 1)) == 1


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (on(3, 1, 23), on(3, 2, 1), [DateRange(date(2026, 3, 1), date(2026, 3, 2))]),  # a part of a day is a day
        (on(3, 1), on(3, 2), [DateRange(date(2026, 3, 1), date(2026, 3, 1))]),  # the end itself is not in it
        (on(3, 1), on(3, 1), []),
        (on(6, 30), None, [DateRange(date(2026, 6, 30), date(2026, 7, 1))]),  # still runs
        (on(8, 1), None, []),
    ],
)
def test_takes_a_pause_as_the_days_on_which_it_ran(start, end, days):
    assert convert_to_date_ranges([Span(start, end)], UTC_ZONE, NOW) == days


def test_takes_days_in_the_zone_of_the_program():
    # In Kiritimati (UTC+14) 2026-03-01 20:00 UTC is 10:00 on 2 March.
    span = Span(on(3, 1, 20), on(3, 1, 21))
    assert convert_to_date_ranges([span], ZoneInfo("Pacific/Kiritimati"), NOW) == [
        DateRange(date(2026, 3, 2), date(2026, 3, 2))
    ]


def test_is_met_by_an_order_at_its_first_instant_and_missed_by_one_before():
    assert not is_missed(target(on(1, 2, 12)), NOW)
    assert is_missed(target(on(1, 2, 12) - TICK), NOW)
    assert is_missed(target(None), NOW)


def test_is_asked_once_they_have_been_active_for_180_days():
    assert not is_checkable(target(active_since=on(1, 2, 12) + TICK), NOW)
    assert is_checkable(target(active_since=on(1, 2, 12)), NOW)


def test_is_asked_later_where_some_of_these_days_were_paused():
    paused = [DateRange(date(2026, 3, 1), date(2026, 3, 10))]
    assert not is_checkable(target(active_since=on(1, 2, 12), paused=paused), NOW + timedelta(days=10) - TICK)
    assert is_checkable(target(active_since=on(1, 2, 12), paused=paused), NOW + timedelta(days=10))


def test_is_never_asked_without_a_target():
    assert not is_checkable(target(orders=0), NOW)


@pytest.mark.parametrize(
    ("qualifying_order_at", "expected"),
    [
        # In 30 days the window begins at 2026-02-01 12:00: what was placed then still counts.
        (on(2, 1, 12), TargetResult.MET),
        (on(2, 1, 12) - TICK, TargetResult.AT_RISK),
        (on(1, 2, 12), TargetResult.AT_RISK),
        (on(1, 2, 12) - TICK, TargetResult.MISSED),
        (None, TargetResult.MISSED),
    ],
)
def test_answers_met_at_risk_or_missed(qualifying_order_at, expected):
    assert compute_result(target(qualifying_order_at), now=NOW) == expected


def test_is_not_at_risk_where_a_declared_pause_stretches_the_window():
    pause = [DateRange(date(2026, 7, 10), date(2026, 7, 10))]
    assert compute_result(target(on(2, 1, 12) - TICK, paused=pause), now=NOW) == TargetResult.MET


def test_says_on_which_of_the_next_days_it_would_be_missed():
    # Placed 2026-01-05 12:00, so it counts up to 2026-07-04 12:00 and no longer on the 5th.
    assert find_first_miss(target(on(1, 5, 12)), list_upcoming_checks(NOW)) == on(7, 5, 12)
    assert find_first_miss(target(on(3, 1)), list_upcoming_checks(NOW)) is None
