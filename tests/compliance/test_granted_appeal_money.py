"""Money after a granted appeal, in closes and their replays: worked examples (see `appeal_program`)."""

import pytest

from compliance.reviews import deadlines_task
from payouts.models import CommissionHold
from tests.compliance.appeal_program import DECIDED, GRANTED, GRANTED_BY_DEADLINE, OPENED, AppealProgram, march
from tests.compliance.cases import days
from tests.scenarios import parse_utc
from tracking.links import coupons

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> AppealProgram:
    return AppealProgram()


def test_named_commissions_are_released(program):
    program.sell("named", DECIDED - days(1), coupon=program.ann)
    named = list(program.ann.commissions.all())
    review = program.decide("termination", commissions=named)
    assert CommissionHold.objects.filter(released_at=None).count() == 1
    program.appeal(review)
    program.grant(review)
    assert CommissionHold.objects.filter(released_at=None).count() == 0
    assert program.describe("named") == "ann coupon 5.00"
    assert deadlines_task.enforce_deadlines(now=GRANTED + days(90)) == (0, 0, 0)
    assert program.describe("named") == "ann coupon 5.00"


def test_closes_before_and_after_the_appeal_are_replayed(program):
    """Ann is terminated on 2 March; the appeal is granted on 2 April at 12:00, after the close of March."""
    program.sell("1", OPENED, coupon=program.ann)  # 5.00
    review = program.decide("termination")
    program.sell("2", march("04"), "200.00", coupon=program.ann)  # 10.00
    program.sell("3", march("05"), "300.00", coupon=program.ann, click=(program.ben, march("05")))  # 15.00
    program.sell("4", march("31"), "400.00", coupon=program.ann, click=(program.ben, march("31")))  # 20.00
    program.appeal(review)
    closed_march = program.close("2026-03", parse_utc("2026-04-01T06:00:00"))
    assert program.settled(closed_march, program.ann) == "5.00 5.00"
    assert program.settled(closed_march, program.ben) == "15.00 15.00"
    assert program.list_replay_differences() == []
    deadlines_task.enforce_deadlines(now=GRANTED_BY_DEADLINE)
    assert program.list_replay_differences() == []
    closed_april = program.close("2026-04", parse_utc("2026-05-03T00:00:00"))
    # 10.00 and 20.00; order 3 was settled for Ben.
    assert program.settled(closed_april, program.ann) == "30.00 35.00"
    assert program.settled(closed_april, program.ben) == "0.00 15.00"
    assert program.list_replay_differences() == []


def test_coupon_reassigned_after_a_close_does_not_change_its_replay(program):
    program.decide("termination")
    program.sell("1", march("04"), coupon=program.ann)
    program.sell("2", march("04"), coupon=program.ben)
    closed = program.close("2026-03", parse_utc("2026-04-01T06:00:00"))
    assert program.settled(closed, program.ben) == "5.00 5.00"
    coupons.assign_coupon(
        affiliate=program.ben,
        code=program.ann.code,
        assigned_from=march("03"),
        now=parse_utc("2026-04-05"),
        by=program.reviewer,
        reason="A mistake of ours.",
    )
    assert program.list_replay_differences() == []


def test_forfeiture_spares_a_commission_that_has_become_another_affiliates(program):
    program.sell("named", DECIDED - days(1), coupon=program.ann)
    review = program.decide("forfeiture", commissions=list(program.ann.commissions.all()))
    program.sell("named", DECIDED - days(1), coupon=program.ben, reported=march("05"))
    assert program.describe("named") == "ben coupon 5.00"
    deadlines_task.enforce_deadlines(now=DECIDED + days(14))
    review.refresh_from_db()
    assert (review.state, program.describe("named")) == ("closed", "ben coupon 5.00")
