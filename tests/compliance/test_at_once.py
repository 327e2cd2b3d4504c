"""Two at once ..."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from affiliates.errors import IllegalTransition
from compliance.models import Review, ReviewEvent, TargetNotice, TerminationNotice
from compliance.offboarding import termination
from compliance.reviews import appeals, deadlines_task, decisions
from compliance.reviews.open_review import open_review
from compliance.targets import checks
from payouts.models import Commission, CommissionHold
from tests.compliance import cases
from tests.compliance.cases import NOW, days, list_mails, make_active_affiliate, make_order
from tests.factories import make_staff

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed gave or raised, all begun together on connections of their own."""
    together = threading.Barrier(len(deeds))
    results: list[Any] = []

    def run(deed):
        try:
            together.wait()
            results.append(deed())
        except Exception as error:  # noqa: BLE001  # it is what the test looks at
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def people():
    cases.seed_agreement()
    return make_active_affiliate(), make_staff("compliance reviewers"), make_staff("compliance reviewers")


def test_keep_a_deadline_once(people):
    affiliate, reviewer, _another = people
    for number in range(4):
        named = make_order(affiliate, NOW - days(5 + number))
        review = open_review(
            affiliate=affiliate, activity="fraud", summary="Odd.", commissions=[named], now=NOW, by=reviewer
        )
        if number % 2:
            decisions.decide(review=review, decision="forfeiture", reason="So.", now=NOW + days(7), by=reviewer)
    kept = at_once(*[lambda: deadlines_task.enforce_deadlines(now=NOW + days(30))] * 3)
    assert sum(k.holds_released for k in kept) == 2
    assert sum(k.finalized for k in kept) == 2
    assert ReviewEvent.objects.filter(kind="forfeited").count() == 2
    assert ReviewEvent.objects.filter(kind="hold_released").count() == 2
    assert len(list_mails(affiliate, "hold_released")) == 2
    assert sorted(Commission.objects.values_list("amount", flat=True)) == [Decimal("0.00")] * 2 + [Decimal("5.00")] * 2
    assert not CommissionHold.objects.filter(released_at=None).exists()


def test_decide_a_review_once(people):
    affiliate, reviewer, another = people
    review = open_review(affiliate=affiliate, activity="fraud", summary="Odd.", now=NOW, by=reviewer)
    results = at_once(
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


def test_decide_an_appeal_once_whether_people_or_the_clock(people):
    affiliate, reviewer, another = people
    named = make_order(affiliate, NOW - days(5))
    review = open_review(
        affiliate=affiliate, activity="fraud", summary="Odd.", commissions=[named], now=NOW, by=reviewer
    )
    decisions.decide(review=review, decision="forfeiture", reason="So.", now=NOW + days(7), by=reviewer)
    appeals.appeal(review=review, text="No!", now=NOW + days(8), by=affiliate.user)
    late = NOW + days(38)
    refuse = lambda: appeals.decide_appeal(  # noqa: E731  # three deeds side by side
        review=review, outcome="refused", reason="So.", now=late - cases.TICK, by=another
    )
    at_once(refuse, lambda: deadlines_task.enforce_deadlines(now=late), refuse)
    found = Review.objects.get()
    expected = Decimal("5.00") if found.appeal == "granted" else Decimal("0.00")
    assert Commission.objects.get().amount == expected
    assert found.events.filter(kind="appeal_decision").count() == 1
    assert len(list_mails(affiliate, "appeal_decided")) == 1


def test_give_one_notice_and_carry_it_out_once(people):
    affiliate, reviewer, another = people
    results = at_once(
        *(
            lambda by=by: termination.give_notice(affiliate=affiliate, ground="choice", reason="So.", now=NOW, by=by)
            for by in (reviewer, another)
        )
    )
    assert TerminationNotice.objects.count() == 1, results
    carried = at_once(*[lambda: termination.apply_expired_notices(now=NOW + days(30))] * 3)
    assert sum(c.notices for c in carried) == 1
    assert len(list_mails(affiliate, "terminated")) == 1


def test_leave_and_end_of_the_notice_meet(people):
    affiliate, reviewer, _another = people
    termination.give_notice(affiliate=affiliate, ground="choice", reason="So.", now=NOW, by=reviewer)
    due = NOW + days(30)
    affiliate.refresh_from_db()
    results = at_once(
        lambda: termination.leave_program(affiliate=affiliate, now=due, by=affiliate.user),
        lambda: termination.apply_expired_notices(now=due),
    )
    affiliate.refresh_from_db()
    assert affiliate.state == "terminated" or termination.apply_expired_notices(now=due).notices == 1
    assert all(not isinstance(result, Exception) or isinstance(result, IllegalTransition) for result in results)


def test_open_one_review_when_the_time_to_cure_is_over(people):
    affiliate, _reviewer, _another = people
    cases.open_program()
    checks.check_targets(now=NOW)
    asked = at_once(*[lambda: checks.check_targets(now=NOW + days(30))] * 3)
    assert sum(result.reviewed for result in asked) == 1
    assert Review.objects.count() == 1
    assert TargetNotice.objects.get().review == Review.objects.get()
    assert len(list_mails(affiliate, "review_opened")) == 1
