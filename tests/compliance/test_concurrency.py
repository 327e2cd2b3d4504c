"""Concurrent reviews, terminations and target checks."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from affiliates.errors import IllegalTransition
from compliance.models import Review, ReviewEvent, TargetNotice, TerminationNotice
from compliance.offboarding import notice_expiry, termination
from compliance.reviews import appeals, deadlines_task, decisions
from compliance.reviews.open_review import open_review
from compliance.targets import checks
from payouts.models import Commission, CommissionHold
from tests.compliance import cases
from tests.compliance.cases import NOW, days, list_mails, make_active_affiliate, make_order
from tests.factories import make_staff

pytestmark = pytest.mark.django_db(transaction=True)


def run_concurrently(*actions: Callable[[], Any]) -> list[Any]:
    """Run all actions at the same time on separate connections; return their results and exceptions."""
    barrier = threading.Barrier(len(actions))
    results: list[Any] = []

    def run(action):
        try:
            barrier.wait()
            results.append(action())
        except Exception as error:  # noqa: BLE001  # the caller checks it
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def participants():
    cases.seed_agreement()
    return make_active_affiliate(), make_staff("compliance reviewers"), make_staff("compliance reviewers")


def test_concurrent_deadline_runs_process_each_review_once(participants):
    affiliate, reviewer, _another = participants
    for number in range(4):
        named = make_order(affiliate, NOW - days(5 + number))
        review = open_review(
            affiliate=affiliate, activity="fraud", summary="Odd.", commissions=[named], now=NOW, by=reviewer
        )
        if number % 2:
            decisions.decide(review=review, decision="forfeiture", reason="So.", now=NOW + days(7), by=reviewer)
    runs = run_concurrently(*[lambda: deadlines_task.enforce_deadlines(now=NOW + days(30))] * 3)
    assert sum(run.holds_released for run in runs) == 2
    assert sum(run.finalized for run in runs) == 2
    assert ReviewEvent.objects.filter(kind="forfeited").count() == 2
    assert ReviewEvent.objects.filter(kind="hold_released").count() == 2
    assert len(list_mails(affiliate, "hold_released")) == 2
    assert sorted(Commission.objects.values_list("amount", flat=True)) == [Decimal("0.00")] * 2 + [Decimal("5.00")] * 2
    assert not CommissionHold.objects.filter(released_at=None).exists()


def test_concurrent_decisions_decide_a_review_once(participants):
    affiliate, reviewer, another = participants
    review = open_review(affiliate=affiliate, activity="fraud", summary="Odd.", now=NOW, by=reviewer)
    results = run_concurrently(
        *(
            lambda by=by, decision=decision: decisions.decide(
                review=review, decision=decision, reason="So.", now=NOW + days(7), by=by
            )
            for by, decision in ((reviewer, "termination"), (another, "suspension"))
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["IllegalTransition", "Review"]
    assert Review.objects.get().events.filter(kind="decision").count() == 1
    assert affiliate.status_changes.filter(at=NOW + days(7)).count() == 1


def test_concurrent_appeal_decision_and_deadline_decide_an_appeal_once(participants):
    affiliate, reviewer, another = participants
    named = make_order(affiliate, NOW - days(5))
    review = open_review(
        affiliate=affiliate, activity="fraud", summary="Odd.", commissions=[named], now=NOW, by=reviewer
    )
    decisions.decide(review=review, decision="forfeiture", reason="So.", now=NOW + days(7), by=reviewer)
    appeals.appeal(review=review, text="No!", now=NOW + days(8), by=affiliate.user)
    late = NOW + days(38)
    refuse = lambda: appeals.decide_appeal(  # noqa: E731  # used twice
        review=review, outcome="refused", reason="So.", now=late - cases.TICK, by=another
    )
    run_concurrently(refuse, lambda: deadlines_task.enforce_deadlines(now=late), refuse)
    decided = Review.objects.get()
    expected = Decimal("5.00") if decided.appeal == "granted" else Decimal("0.00")
    assert Commission.objects.get().amount == expected
    assert decided.events.filter(kind="appeal_decision").count() == 1
    assert len(list_mails(affiliate, "appeal_decided")) == 1


def test_concurrent_termination_notices_create_and_apply_one_notice(participants):
    affiliate, reviewer, another = participants
    results = run_concurrently(
        *(
            lambda by=by: termination.give_notice(affiliate=affiliate, ground="choice", reason="So.", now=NOW, by=by)
            for by in (reviewer, another)
        )
    )
    assert TerminationNotice.objects.count() == 1, results
    runs = run_concurrently(*[lambda: notice_expiry.apply_expired_notices(now=NOW + days(30))] * 3)
    assert sum(run.notices for run in runs) == 1
    assert len(list_mails(affiliate, "terminated")) == 1


def test_leaving_while_a_notice_expires_ends_the_agreement_once(participants):
    affiliate, reviewer, _another = participants
    termination.give_notice(affiliate=affiliate, ground="choice", reason="So.", now=NOW, by=reviewer)
    due = NOW + days(30)
    affiliate.refresh_from_db()
    results = run_concurrently(
        lambda: termination.leave_program(affiliate=affiliate, now=due, by=affiliate.user),
        lambda: notice_expiry.apply_expired_notices(now=due),
    )
    affiliate.refresh_from_db()
    assert affiliate.state == "terminated" or notice_expiry.apply_expired_notices(now=due).notices == 1
    assert all(not isinstance(result, Exception) or isinstance(result, IllegalTransition) for result in results)


def test_concurrent_target_checks_open_one_review_per_notice(participants):
    affiliate, _reviewer, _another = participants
    cases.open_program()
    checks.check_targets(now=NOW)
    runs = run_concurrently(*[lambda: checks.check_targets(now=NOW + days(30))] * 3)
    assert sum(run.reviewed for run in runs) == 1
    assert Review.objects.count() == 1
    assert TargetNotice.objects.get().review == Review.objects.get()
    assert len(list_mails(affiliate, "review_opened")) == 1
