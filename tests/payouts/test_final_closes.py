"""Every close after the end of an agreement ignores the payout minimum, whenever the end is recorded (specification 6)."""

from datetime import timedelta

import pytest

from affiliates.models import Affiliate
from agreements.models import Program
from compliance.offboarding import notice_expiry, program_end, suspension, termination
from payouts.closing.replay import replay
from tests.payouts.conftest import FEBRUARY, JANUARY
from tests.payouts.test_close_boundaries import close, read_statement

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)
MONTH = timedelta(days=30)
PAID, BELOW = "0.00 0.00 0.01 0.01 0.00", "0.00 0.00 0.01 0.00 0.01 below_minimum"


@pytest.fixture
def affiliate(make_payable_affiliate, grant) -> Affiliate:
    """Return an affiliate with a balance of 0.01; the close of January runs on 3 February at 12:00."""
    affiliate = make_payable_affiliate()
    grant(affiliate, "0.01", at=JANUARY - timedelta(days=18))
    return affiliate


def leave(affiliate: Affiliate, ends_at) -> None:
    termination.leave_program(affiliate=affiliate, now=ends_at - MONTH, by=None)


def give_notice(affiliate: Affiliate, ends_at) -> None:
    termination.give_notice(affiliate=affiliate, ground="choice", reason="So.", now=ends_at - MONTH, by=None)


def end_program(_affiliate: Affiliate, ends_at) -> None:
    Program.current()
    program_end.announce_end(ends_at=ends_at, now=ends_at - MONTH, by=None, reason="So.")


@pytest.mark.parametrize("end", [leave, give_notice, end_program])
@pytest.mark.parametrize(("ends_at", "expected"), [(FEBRUARY, PAID), (FEBRUARY + TICK, BELOW)])
@pytest.mark.parametrize("recorded", ["before the close", "after the close", "never"])
def test_close_is_final_from_the_end_on_and_replayed(affiliate, end, ends_at, expected, recorded):
    end(affiliate, ends_at)
    if recorded == "before the close":
        notice_expiry.apply_expired_notices(now=FEBRUARY)
    closed = close()
    assert read_statement(affiliate, closed) == expected
    assert replay(closed) == []
    if recorded == "after the close":
        notice_expiry.apply_expired_notices(now=FEBRUARY + timedelta(days=1))
        assert Affiliate.objects.get(pk=affiliate.pk).state == "terminated"
        assert replay(closed) == []


def test_suspended_affiliate_is_not_paid_before_the_end_is_recorded(affiliate):
    give_notice(affiliate, FEBRUARY)
    suspension.suspend(affiliate=affiliate, reason="Odd clicks.", now=JANUARY, by=None)
    assert read_statement(affiliate, close()) == "0.00 0.00 0.01 0.00 0.01 suspended"


def test_terminated_affiliate_is_paid_whatever_the_amount(affiliate):
    end = FEBRUARY - timedelta(days=2)
    give_notice(affiliate, end)
    notice_expiry.apply_expired_notices(now=end)
    closed = close()
    assert read_statement(affiliate, closed) == PAID
    assert replay(closed) == []


def test_leave_that_ended_before_the_close_is_replayed_after_its_notice_is_gone(affiliate):
    """The affiliate's row forgets the end of the notice once they are terminated; the history does not."""
    leave(affiliate, FEBRUARY - timedelta(days=1))
    closed = close()
    assert read_statement(affiliate, closed) == PAID
    notice_expiry.apply_expired_notices(now=FEBRUARY + timedelta(days=1))
    assert Affiliate.objects.get(pk=affiliate.pk).notice_ends_at is None
    assert replay(closed) == []
