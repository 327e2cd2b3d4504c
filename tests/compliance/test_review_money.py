"""Commissions and payouts of affiliates under review, through monthly closes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.management import call_command

from compliance.offboarding import notice_expiry, program_end, suspension
from compliance.reviews import deadlines_task, decisions
from compliance.reviews.open_review import open_review
from payouts.closing import close
from payouts.ledger import booking
from payouts.models import Payout, Statement
from payouts.payout_details import details
from tests.compliance.cases import days, make_active_affiliate, make_order

# Completed on this day and validated 30 days of 24 hours later, on 31 December 12:00, in time for December's close.
PLACED = datetime(2025, 12, 1, 12, tzinfo=UTC)
JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


def close_month(period: date) -> None:
    at = datetime(period.year, period.month + 1, 3, tzinfo=UTC)
    close.close_month(month=period, now=at, by=None)


@pytest.fixture
def payable(affiliate):
    add_payout_details(affiliate)
    return affiliate


def add_payout_details(affiliate) -> None:
    details.change_details(
        affiliate=affiliate,
        method="paypal",
        account=f"{affiliate.code}@example.com",
        holder="Ann Example",
        now=PLACED - days(60),
        by=None,
        confirmation="a test",
    )


def list_statement_amounts(affiliate) -> list[tuple[Decimal, Decimal, Decimal]]:
    rows = Statement.objects.for_affiliate(affiliate).order_by("number")
    return [(row.settled, row.payout, row.closing) for row in rows]


def parse_amounts(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)


def test_held_commission_is_not_paid_and_forfeited_commission_never(payable, reviewer):
    held = make_order(payable, PLACED, amount="400.00")
    make_order(payable, PLACED, amount="320.00")
    at = datetime(2025, 12, 20, tzinfo=UTC)
    review = open_review(affiliate=payable, activity="fraud", summary="Odd.", commissions=[held], now=at, by=reviewer)
    close.close_month(month=date(2025, 12, 1), now=datetime(2026, 1, 3, tzinfo=UTC), by=None)
    # Both were validated on 31 December 12:00; the held 20.00 stays out, the other 16.00 is paid.
    assert list_statement_amounts(payable) == [parse_amounts("16.00", "16.00", "0.00")]
    decisions.decide(
        review=review, decision="forfeiture", reason="So.", now=datetime(2026, 1, 5, tzinfo=UTC), by=reviewer
    )
    # The deadline to appeal passes on 19 January.
    deadlines_task.enforce_deadlines(now=datetime(2026, 1, 19, tzinfo=UTC))
    close_month(JANUARY)
    assert list_statement_amounts(payable) == [parse_amounts("16.00", "16.00", "0.00")]
    assert booking.get_balance(payable) == Decimal("0.00")


def test_commission_of_a_dismissed_review_is_paid_by_the_next_close(payable, reviewer):
    held = make_order(payable, PLACED, amount="400.00")
    at = datetime(2025, 12, 20, tzinfo=UTC)
    review = open_review(affiliate=payable, activity="fraud", summary="Odd.", commissions=[held], now=at, by=reviewer)
    close.close_month(month=date(2025, 12, 1), now=datetime(2026, 1, 3, tzinfo=UTC), by=None)
    assert list_statement_amounts(payable) == []
    decisions.decide(
        review=review, decision="dismissed", reason="A mistake.", now=datetime(2026, 1, 5, tzinfo=UTC), by=reviewer
    )
    close_month(JANUARY)
    assert list_statement_amounts(payable) == [parse_amounts("20.00", "20.00", "0.00")]


def test_forfeiture_after_payout_is_deducted_by_the_next_close(payable, reviewer):
    paid = make_order(payable, PLACED, amount="400.00")
    close.close_month(month=date(2025, 12, 1), now=datetime(2026, 1, 3, tzinfo=UTC), by=None)
    at = datetime(2026, 1, 4, tzinfo=UTC)
    review = open_review(affiliate=payable, activity="fraud", summary="Odd.", commissions=[paid], now=at, by=reviewer)
    decisions.decide(review=review, decision="forfeiture", reason="So.", now=at + days(7), by=reviewer)
    deadlines_task.enforce_deadlines(now=at + days(21))
    close_month(JANUARY)
    assert list_statement_amounts(payable) == [
        parse_amounts("20.00", "20.00", "0.00"),
        parse_amounts("-20.00", "0.00", "-20.00"),
    ]
    call_command("verify_ledger")


def test_final_close_after_breach_pays_commissions_not_named(payable, reviewer):
    named = make_order(payable, PLACED, amount="400.00")
    make_order(payable, PLACED, amount="100.00")
    at = datetime(2025, 12, 10, tzinfo=UTC)
    review = open_review(affiliate=payable, activity="fraud", summary="Odd.", commissions=[named], now=at, by=reviewer)
    decisions.decide(review=review, decision="termination", reason="So.", now=at + days(7), by=reviewer)
    deadlines_task.enforce_deadlines(now=at + days(21))
    close.close_month(month=date(2025, 12, 1), now=datetime(2026, 1, 3, tzinfo=UTC), by=None)
    # 5.00 is below the minimum of 16.00 but paid, because the agreement has ended.
    assert list_statement_amounts(payable) == [parse_amounts("5.00", "5.00", "0.00")]


def test_close_after_end_of_program_pays_balances_below_the_minimum(payable, reviewer):
    suspended = make_active_affiliate()
    add_payout_details(suspended)
    for one in (payable, suspended):
        make_order(one, PLACED, amount="100.00")
    close.close_month(month=date(2025, 12, 1), now=datetime(2026, 1, 3, tzinfo=UTC), by=None)
    assert (
        list_statement_amounts(payable) == list_statement_amounts(suspended) == [parse_amounts("5.00", "0.00", "5.00")]
    )
    at = datetime(2026, 1, 4, tzinfo=UTC)
    suspension.suspend(affiliate=suspended, reason="Odd.", now=at, by=reviewer)
    program_end.announce_end(ends_at=at + days(31), now=at, by=reviewer, reason="The shop closes.")
    close_month(JANUARY)
    assert not Payout.objects.exists()
    notice_expiry.apply_expired_notices(now=at + days(31))
    close_month(FEBRUARY)
    assert (
        list_statement_amounts(payable)[-1]
        == list_statement_amounts(suspended)[-1]
        == parse_amounts("0.00", "5.00", "0.00")
    )
    call_command("verify_ledger")
