"""What an affiliate's next payout waits for, in words."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agreements.models import AgreementVersion
from payouts.closing.payout_eligibility import PayoutEligibility
from payouts.closing.payout_forecast import list_requirements

pytestmark = pytest.mark.django_db
CLOSES_AT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "expected", "requirement"),
    [
        ("terminated", "-50.00", "The balance is negative; it is offset against your future commissions."),
        ("terminated", "0.00", "The balance is 0.00, so there is nothing to pay."),
        ("terminated", "0.01", None),
        ("active", "-0.01", "The balance is negative; it is offset against your future commissions."),
        ("active", "0.00", "16.00\u00a0USD more to reach the payout threshold."),
        ("active", "15.99", "0.01\u00a0USD more to reach the payout threshold."),
        ("active", "16.00", None),
    ],
)
def test_payout_is_foretold_only_of_a_positive_balance(agreement: AgreementVersion, state, expected, requirement):
    eligibility = PayoutEligibility(state, None, CLOSES_AT, "", "UTC")
    requirements = list_requirements(eligibility, expected=Decimal(expected), agreement=agreement, closes_at=CLOSES_AT)
    assert [row.text for row in requirements] == ([requirement] if requirement else [])
