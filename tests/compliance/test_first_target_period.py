"""The at-risk e-mail of new affiliates: worked examples.

The target is 3 orders in 180 days. The affiliate is active since 2025-01-01 12:00 UTC, so the first period ends on
2025-06-30 12:00; 30 days before that is 2025-05-31 12:00.
"""

from datetime import date, timedelta

import pytest

from affiliates import status_history
from affiliates.models import State
from compliance.models import TargetCheck
from compliance.reviews import appeals, decisions
from compliance.reviews.open_review import open_review
from compliance.targets import checks
from compliance.targets.arithmetic import DateRange, TargetResult, compute_result, find_expected_miss
from compliance.targets.pauses import declare_pause
from compliance.targets.target_forecast import forecast_targets
from mail.rendering import render
from tests.compliance import cases
from tests.compliance.cases import START, TICK, days, list_mails, make_active_affiliate, make_order
from tests.compliance.test_target_arithmetic import make_target
from tests.scenarios import parse_utc

END = parse_utc("2025-06-30T12:00:00")
NEAR = END - days(30)


def at(text: str):
    return parse_utc(f"2025-{text}")


@pytest.fixture
def new_affiliate(affiliate):
    cases.open_program()
    return affiliate


# --- On paper: result and date of the miss by orders (placed), day of the check and paused days

PAUSE = [DateRange(date(2025, 3, 1), date(2025, 3, 10))]  # ten days
LATER_PAUSE = [DateRange(date(2025, 6, 20), date(2025, 6, 29))]  # ten days, of which the first check knows


@pytest.mark.parametrize(
    ("qualifying", "now", "paused", "expected"),
    [
        (None, NEAR - TICK, [], None),
        (None, NEAR, [], END),
        (None, END - TICK, [], END),
        (START, NEAR, [], None),  # three orders, the oldest at the activation
        (at("05-30"), NEAR, [], None),
        (None, NEAR + days(10) - TICK, PAUSE, None),
        (None, NEAR + days(10), PAUSE, END + days(10)),
        (None, NEAR, LATER_PAUSE, None),
        (None, NEAR + days(10), LATER_PAUSE, END + days(10)),
    ],
)
def test_new_affiliate_is_at_risk_of_missing_the_first_period(qualifying, now, paused, expected):
    target = make_target(qualifying, active_since=START, paused=paused)
    assert find_expected_miss(target, now) == expected
    assert compute_result(target, now=now) == (TargetResult.AT_RISK if expected else TargetResult.MET)


def test_affiliate_past_the_first_period_is_missed_or_at_risk_as_before():
    assert compute_result(make_target(None, active_since=START), now=END) == TargetResult.MISSED
    # Counts until 2025-07-10, which is within 30 days.
    assert compute_result(make_target(at("01-11"), active_since=START), now=END) == TargetResult.AT_RISK
    assert compute_result(make_target(at("01-31T12:00:00"), active_since=START), now=END) == TargetResult.MET


# --- With the database


def test_email_is_sent_from_30_days_before_the_end_of_the_first_period(new_affiliate):
    make_order(new_affiliate, at("02-01"))
    assert checks.check_targets(now=NEAR - TICK) == (0, 0, 0, 0, 0)
    assert checks.check_targets(now=NEAR) == (0, 1, 0, 0, 0)
    (mail,) = list_mails(new_affiliate, "target_at_risk")
    assert mail.context["missed_at"] == "30 Jun 2025, 12:00 UTC"
    text = render(kind=mail.kind, context=mail.context).text
    assert "Your first 180 days in the program end on 30 Jun 2025, 12:00 UTC." in text
    assert not TargetCheck.objects.exists()


def test_email_is_sent_once_in_180_days(new_affiliate):
    sent = [checks.check_targets(now=NEAR + days(day)).warned for day in range(30)]
    assert sum(sent) == sent[0] == 1
    # The first check finds it missed; the at-risk e-mail before it does not replace the notice.
    assert checks.check_targets(now=END) == (1, 0, 1, 0, 0)
    assert len(list_mails(new_affiliate, "target_at_risk")) == 1


def test_second_email_waits_180_days_after_that_of_the_first_period(new_affiliate):
    checks.check_targets(now=NEAR)
    for age in (1, 2, 160):
        make_order(new_affiliate, END - days(age))
    # Met at the end, and missed on 21 July, when the oldest of the three no longer counts.
    assert checks.check_targets(now=END) == (1, 0, 0, 0, 0)
    assert TargetCheck.objects.get().result == "at_risk"
    assert checks.check_targets(now=END + days(1)).warned == 0


def test_affiliate_with_enough_orders_gets_no_email(new_affiliate):
    for day in (1, 2, 3):
        make_order(new_affiliate, START + days(day))
    assert checks.check_targets(now=NEAR + days(20)).warned == 0


def test_suspended_days_and_declared_pauses_move_the_end(new_affiliate, reviewer):
    status_history.change_status(affiliate=new_affiliate, to=State.SUSPENDED, now=at("03-02T18:00:00"), by=None)
    status_history.change_status(affiliate=new_affiliate, to=State.ACTIVE, now=at("03-04T06:00:00"), by=None)
    declare_pause(starts_on=date(2025, 4, 1), ends_on=date(2025, 4, 10), reason="Down.", now=START, by=reviewer)
    # Three days in part and ten.
    assert checks.check_targets(now=NEAR + days(13) - TICK).warned == 0
    assert checks.check_targets(now=NEAR + days(13)).warned == 1
    (mail,) = list_mails(new_affiliate, "target_at_risk")
    assert mail.context["missed_at"] == "13 Jul 2025, 12:00 UTC"


def test_annulled_suspension_extends_the_window(new_affiliate, reviewer, second_reviewer):
    """The links were off, so the affiliate must not miss a target because of the decision that was undone."""
    opened = at("03-01T12:00:00")
    review = open_review(affiliate=new_affiliate, activity="fraud", summary="Fake orders.", now=opened, by=reviewer)
    decisions.decide(review=review, decision="suspension", reason="So.", now=opened + days(7), by=reviewer)
    appeals.appeal(review=review, text="No.", now=opened + days(8), by=new_affiliate.user)
    granted = opened + days(20)
    appeals.decide_appeal(review=review, outcome="granted", reason="Sorry.", now=granted, by=second_reviewer)
    # From 8 to 21 March: fourteen days.
    assert checks.check_targets(now=NEAR + days(14) - TICK).warned == 0
    assert checks.check_targets(now=NEAR + days(14)).warned == 1


def test_order_in_an_annulled_suspension_counts(new_affiliate, reviewer, second_reviewer):
    for placed in (at("02-01"), at("02-02")):
        make_order(new_affiliate, placed)
    opened = at("03-01T12:00:00")
    review = open_review(affiliate=new_affiliate, activity="fraud", summary="Fake.", now=opened, by=reviewer)
    decisions.decide(review=review, decision="suspension", reason="So.", now=opened + days(7), by=reviewer)
    cases.send_order(new_affiliate, at("03-15"))
    appeals.appeal(review=review, text="No.", now=opened + days(8), by=new_affiliate.user)
    granted = opened + days(20)
    appeals.decide_appeal(review=review, outcome="granted", reason="Sorry.", now=granted, by=second_reviewer)
    assert checks.check_targets(now=NEAR + days(20)).warned == 0  # three orders


# --- The forecast of staff


def test_forecast_names_notice_and_review_of_a_new_affiliate(agreement):
    cases.open_program()
    young = make_active_affiliate()
    (row,) = forecast_targets(now=NEAR + timedelta(days=1))
    # The first check after the end of the first period, on 30 June at 12:00, is that of 1 July.
    assert (row.affiliate, row.notified_at, row.reviewed_at) == (young, at("07-01"), None)
    notified = [day for day in range(31) if checks.check_targets(now=at("06-02") + days(day)).notified]
    assert [at("06-02") + days(day) for day in notified] == [row.notified_at]
    (later,) = forecast_targets(now=at("07-05"))
    assert (later.has_notice, later.reviewed_at) == (True, at("07-31"))
