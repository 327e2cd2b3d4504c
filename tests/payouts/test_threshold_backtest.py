"""The payout threshold of a draft, applied to the payouts of closed months."""

from datetime import timedelta
from decimal import Decimal

import pytest

from affiliates import status_history
from affiliates.models import Affiliate, State
from agreements import version_drafts
from agreements.models import AgreementVersion
from payouts.closing.close import close_month
from payouts.closing.threshold_backtest import ThresholdBacktest, backtest_threshold
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY, MARCH

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(make_payable_affiliate, grant) -> dict[str, Affiliate]:
    """Close January with balances of 20.00, 18.00, 15.00 and 17.00; the agreement of the last affiliate has ended."""
    names = {amount: make_payable_affiliate() for amount in ("20.00", "18.00", "15.00", "17.00")}
    for amount, affiliate in names.items():
        grant(affiliate, amount)
    status_history.change_status(affiliate=names["17.00"], to=State.TERMINATED, now=JANUARY, by=None, reason="a test")
    close_month(month=BEGIN.date(), now=FEBRUARY, by=None)
    return names


def run(minimum: str) -> ThresholdBacktest:
    draft = version_drafts.start_draft(now=MARCH, by=None)
    AgreementVersion.objects.filter(pk=draft.pk).update(payout_minimum=minimum)
    draft.refresh_from_db()
    return backtest_threshold(agreement=draft, since=BEGIN, until=MARCH)


def test_higher_threshold_postpones_payouts_below_it_except_final_ones(closed):
    result = run("20.00")
    assert (result.closes, result.postponed, result.postponed_amount) == (1, 1, Decimal("18.00"))
    assert result.postponed_affiliates == 1
    assert [(row.affiliate, row.payouts, row.amount) for row in result.most_postponed] == [
        (closed["18.00"], 1, Decimal("18.00"))
    ]
    assert (result.advanced, result.advanced_amount) == (0, Decimal("0.00"))


def test_lower_threshold_pays_earlier_what_was_carried_over(closed):
    result = run("15.00")
    assert (result.postponed, result.advanced, result.advanced_amount) == (0, 1, Decimal("15.00"))


def test_same_threshold_changes_nothing(closed):
    result = run("16.00")
    assert (result.postponed, result.advanced) == (0, 0)


def test_months_closed_outside_the_period_are_not_compared(closed):
    draft = version_drafts.start_draft(now=MARCH, by=None)
    result = backtest_threshold(agreement=draft, since=FEBRUARY + timedelta(seconds=1), until=MARCH)
    assert result.closes == 0
