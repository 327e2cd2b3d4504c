"""Missed-target notices, the reviews that follow and their appeals."""

from datetime import UTC, datetime

import pytest

from affiliates import status_history
from affiliates.models import State
from compliance.models import Review, TargetCheck, TargetNotice
from compliance.offboarding import notice_expiry, termination
from compliance.reviews import appeals, decisions
from compliance.targets import checks
from tests.compliance import cases
from tests.compliance.cases import TICK, days, list_mails, make_order

# Active since 2025-01-01 12:00, so first checked 180 days later.
FIRST = datetime(2025, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def active_affiliate(affiliate):
    cases.open_program()
    return affiliate


def get_check() -> TargetCheck:
    return TargetCheck.objects.get()


def make_orders(affiliate, *ages: float, now=FIRST) -> None:
    """Make orders placed the given numbers of days before `now`."""
    for age in ages:
        make_order(affiliate, now - days(age))


def suspend_between(affiliate, start, end) -> None:
    status_history.change_status(affiliate=affiliate, to=State.SUSPENDED, now=start, by=None)
    status_history.change_status(affiliate=affiliate, to=State.ACTIVE, now=end, by=None)


def test_missed_target_gives_notice_with_30_days_to_meet_it(active_affiliate):
    make_orders(active_affiliate, 20, 10)
    assert checks.check_targets(now=FIRST).notified == 1
    notice = TargetNotice.objects.get()
    assert (notice.orders, notice.target, notice.cure_by) == (2, 3, FIRST + days(30))
    (mail,) = list_mails(active_affiliate, "target_missed")
    assert mail.context["cure_by"] == "30 Jul 2025, 12:00 UTC"
    assert mail.context["clause"] == "7.5 of version 1"
    for day in range(1, 30):
        assert checks.check_targets(now=FIRST + days(day)).notified == 0
    assert not Review.objects.exists()


def test_notice_closes_when_the_target_is_met(active_affiliate):
    make_orders(active_affiliate, 20, 10)
    checks.check_targets(now=FIRST)
    make_order(active_affiliate, FIRST + days(3))
    assert checks.check_targets(now=FIRST + days(4)).met == 1
    notice = TargetNotice.objects.get()
    assert (notice.state, notice.ended_at) == ("met", FIRST + days(4))
    assert len(list_mails(active_affiliate, "target_met")) == 1
    assert checks.check_targets(now=FIRST + days(31)).reviewed == 0


def test_notice_is_evaluated_again_at_its_deadline(active_affiliate):
    make_orders(active_affiliate, 20, 10)
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due - days(0.4))  # the regular check of that day
    make_order(active_affiliate, due - TICK)
    assert checks.check_targets(now=due - TICK).met == 0
    assert checks.check_targets(now=due).met == 1


def test_expired_notice_opens_a_review_that_recommends_termination(active_affiliate):
    make_orders(active_affiliate, 20, 10)
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    assert checks.check_targets(now=due - TICK).reviewed == 0
    assert checks.check_targets(now=due).reviewed == 1
    review = Review.objects.get()
    assert (review.term, review.clause, review.recommendation) == ("sales_target", "7.1", "termination")
    assert (review.opened_at, review.opened_by, review.reply_by) == (due, None, due + days(7))
    assert TargetNotice.objects.get().review == review
    active_affiliate.refresh_from_db()
    assert active_affiliate.state == State.ACTIVE
    assert checks.check_targets(now=due + days(1)) == (1, 0, 0, 0, 0)


def test_reviewer_decision_gives_termination_notice_for_missed_target(active_affiliate, reviewer, second_reviewer):
    make_orders(active_affiliate, 20, 10)
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due)
    review = Review.objects.get()
    at = due + days(7)
    decisions.decide(review=review, decision="termination", reason="Not active.", now=at, by=reviewer)
    active_affiliate.refresh_from_db()
    assert (active_affiliate.state, active_affiliate.notice_ends_at) == (State.ACTIVE, at + days(30))
    assert list_mails(active_affiliate, "termination_notice")[0].context["ground"] == "target"
    notice_expiry.apply_expired_notices(now=at + days(30))
    active_affiliate.refresh_from_db()
    assert (active_affiliate.state, active_affiliate.status_changes.last().breach) == (State.TERMINATED, False)


def test_granted_appeal_revokes_the_termination_notice(active_affiliate, reviewer, second_reviewer):
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due)
    review = decisions.decide(
        review=Review.objects.get(), decision="termination", reason="Not active.", now=due + days(7), by=reviewer
    )
    appeals.appeal(review=review, text="I was ill.", now=due + days(8), by=active_affiliate.user)
    appeals.decide_appeal(review=review, outcome="granted", reason="Get well.", now=due + days(9), by=second_reviewer)
    assert notice_expiry.apply_expired_notices(now=due + days(90)) == (0, 0, 0)
    active_affiliate.refresh_from_db()
    assert (active_affiliate.state, active_affiliate.notice_ends_at) == (State.ACTIVE, None)


def test_granted_appeal_restores_an_affiliate_already_terminated(active_affiliate, reviewer, second_reviewer):
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due)
    at = due + days(7)
    review = decisions.decide(review=Review.objects.get(), decision="termination", reason="So.", now=at, by=reviewer)
    appeals.appeal(review=review, text="I was ill.", now=at + days(13), by=active_affiliate.user)
    notice_expiry.apply_expired_notices(now=at + days(30))
    appeals.decide_appeal(review=review, outcome="granted", reason="Get well.", now=at + days(31), by=second_reviewer)
    active_affiliate.refresh_from_db()
    assert active_affiliate.state == State.ACTIVE


def test_dismissed_review_suppresses_notices_for_180_days(active_affiliate, reviewer):
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due)
    decisions.decide(review=Review.objects.get(), decision="dismissed", reason="Ill.", now=due + days(1), by=reviewer)
    assert checks.check_targets(now=due + days(2)).notified == 0
    assert checks.check_targets(now=due + days(180)).notified == 0
    assert checks.check_targets(now=due + days(181)).notified == 1


def test_notice_lapses_when_the_affiliate_leaves(active_affiliate):
    checks.check_targets(now=FIRST)
    termination.leave_program(affiliate=active_affiliate, now=FIRST + days(1), by=active_affiliate.user)
    checks.check_targets(now=FIRST + days(2))
    assert TargetNotice.objects.get().state == "lapsed"


def test_review_waits_while_the_affiliate_is_suspended(active_affiliate):
    checks.check_targets(now=FIRST)
    status_history.change_status(affiliate=active_affiliate, to=State.SUSPENDED, now=FIRST + days(29), by=None)
    assert checks.check_targets(now=FIRST + days(40)).reviewed == 0
    active_affiliate.refresh_from_db()
    status_history.change_status(affiliate=active_affiliate, to=State.ACTIVE, now=FIRST + days(41), by=None)
    assert checks.check_targets(now=FIRST + days(41)).reviewed == 1


def test_late_check_opens_the_review_after_a_70_day_outage(active_affiliate):
    checks.check_targets(now=FIRST)
    assert checks.check_targets(now=FIRST + days(70)).reviewed == 1
    assert TargetCheck.objects.count() == 2
