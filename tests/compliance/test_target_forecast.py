"""Forecast of missed-target notices and reviews."""

from datetime import UTC, datetime

import pytest

from compliance.targets import checks
from compliance.targets.target_forecast import forecast_targets
from tests.compliance import cases
from tests.compliance.cases import days, make_active_affiliate, make_order

# Affiliates active since 2025-01-01 12:00 are checked from 2025-06-30 12:00 on.
NOW = datetime(2025, 7, 10, 12, tzinfo=UTC)


def midnight(month: int, day: int) -> datetime:
    return datetime(2025, month, day, tzinfo=UTC)


@pytest.fixture
def opened(affiliate):
    cases.open_program()
    return affiliate


def test_forecast_shows_the_day_of_the_missed_target_notice(opened):
    # Counts up to 2025-07-15 12:00, so the check on the 16th is the first without it.
    for placed_at in (datetime(2025, 1, 16, 12, tzinfo=UTC), NOW - days(2), NOW - days(1)):
        make_order(opened, placed_at)
    (row,) = forecast_targets(now=NOW)
    assert (row.affiliate, row.orders, row.notified_at, row.reviewed_at) == (opened, 3, midnight(7, 16), None)
    # Three of three, and yet missed soon: the oldest of them stops counting.
    assert row.expiring_order_at == datetime(2025, 1, 16, 12, tzinfo=UTC)


def test_forecast_matches_later_target_checks(opened):
    for placed_at in (datetime(2025, 1, 16, 12, tzinfo=UTC), NOW - days(2), NOW - days(1)):
        make_order(opened, placed_at)
    (row,) = forecast_targets(now=NOW)
    notified = [day for day in range(11, 31) if checks.check_targets(now=midnight(7, day)).notified]
    assert notified == [row.notified_at and row.notified_at.day]
    (row,) = forecast_targets(now=midnight(7, 20))
    assert (row.has_notice, row.reviewed_at) == (True, midnight(8, 15))
    assert checks.check_targets(now=midnight(8, 14)).reviewed == 0
    assert checks.check_targets(now=midnight(8, 15)).reviewed == 1
    assert forecast_targets(now=midnight(8, 16)) == []


def test_forecast_omits_affiliates_who_meet_their_target(opened):
    for age in (3, 2, 1):
        make_order(opened, NOW - days(age))
    assert forecast_targets(now=NOW) == []


def test_forecast_includes_affiliates_first_checked_within_30_days(agreement):
    young = make_active_affiliate(NOW - days(160))
    (row,) = forecast_targets(now=NOW)
    # Active since 2025-01-31 12:00; 180 days later is 2025-07-30 12:00, so the first check is that of the 31st.
    assert (row.affiliate, row.notified_at) == (young, midnight(7, 31))


def test_forecast_omits_affiliates_first_checked_after_30_days(agreement):
    make_active_affiliate(NOW - days(140))
    assert forecast_targets(now=NOW) == []


def test_forecast_shows_today_for_affiliates_not_yet_checked(opened):
    (row,) = forecast_targets(now=NOW)
    assert (row.notified_at, row.reviewed_at) == (NOW, NOW + days(30))
    assert row.expiring_order_at is None


def test_forecast_omits_the_review_of_a_met_notice(opened):
    checks.check_targets(now=NOW)
    for age in (3, 2, 1):
        make_order(opened, NOW + days(5) - days(age))
    assert [row.reviewed_at for row in forecast_targets(now=NOW + days(5))] == [None]
