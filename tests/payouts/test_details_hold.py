"""The hold on changed payout details is that of the version that applies when the close runs (specification 2)."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from affiliates.models import Affiliate
from agreements import publishing, version_drafts
from agreements.models import AgreementVersion
from payouts.closing.payout_forecast import get_payout_forecast
from payouts.closing.replay import replay
from payouts.closing.verification import check_invariants
from payouts.disbursement import payout_transitions
from payouts.models import Payout
from payouts.payout_details import details
from tests.payouts.conftest import FEBRUARY, JANUARY, record_acceptance
from tests.payouts.test_close_boundaries import close, read_statement

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
PAID, HELD = "0.00 0.00 50.00 50.00 0.00", "0.00 0.00 50.00 0.00 50.00 payout_details_on_hold"


def change_details(affiliate, at) -> None:
    details.change_details(affiliate=affiliate, method="paypal", account="new@example.com", holder="H", now=at, by=None)


def publish_hold_days(days: int, effective_at: datetime = FEBRUARY - timedelta(seconds=1)) -> AgreementVersion:
    """Publish a version with this hold, by default in effect from the second before the close of January."""
    now = FEBRUARY - 20 * DAY
    draft = version_drafts.start_draft(now=now, by=None)
    draft.payout_details_hold_days = days
    draft.save()
    return publishing.publish_version(agreement=draft, effective_at=effective_at, now=now, by=None)


# The first version holds for seven days, and the close of January runs at noon on 3 February.
@pytest.mark.parametrize(
    ("hold_days", "is_accepted", "changed_at", "expected"),
    [
        (None, False, FEBRUARY - 7 * DAY, PAID),
        (None, False, FEBRUARY - 7 * DAY + TICK, HELD),
        # A shorter hold is a benefit, which applies without an acceptance.
        (3, False, FEBRUARY - 3 * DAY, PAID),
        (3, False, FEBRUARY - 3 * DAY + TICK, HELD),
        (0, False, FEBRUARY, PAID),
        # A longer hold applies to those who accepted it.
        (14, True, FEBRUARY - 14 * DAY, PAID),
        (14, True, FEBRUARY - 14 * DAY + TICK, HELD),
        (14, False, FEBRUARY - 7 * DAY, PAID),
    ],
)
def test_hold_is_that_of_the_version_at_the_close(
    make_payable_affiliate, grant, hold_days, is_accepted, changed_at, expected
):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    change_details(affiliate, changed_at)
    if hold_days is not None:
        version = publish_hold_days(hold_days)
        if is_accepted:
            record_acceptance(affiliate, version, FEBRUARY - TICK)
    closed = close()
    assert read_statement(affiliate, closed) == expected
    assert replay(closed) == []
    assert [finding for finding in check_invariants() if finding.violations] == []


def test_details_without_a_hold_are_not_held_by_a_later_version(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate(at=JANUARY)
    grant(affiliate, "50.00")
    record_acceptance(affiliate, publish_hold_days(60), FEBRUARY - TICK)
    assert read_statement(affiliate, close()) == PAID


def test_payout_is_reissued_by_the_hold_of_the_version_at_that_time(make_payable_affiliate, grant, preparer):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    close()
    payout = Payout.objects.get()
    payout_transitions.cancel(payout=payout, reason="Wrong account.", now=FEBRUARY, by=preparer)
    change_details(affiliate, FEBRUARY)
    with pytest.raises(ValidationError, match="usable now"):
        payout_transitions.reissue(payout=payout, reason="Try again.", now=FEBRUARY + 7 * DAY - TICK, by=preparer)
    new = payout_transitions.reissue(payout=payout, reason="Try again.", now=FEBRUARY + 7 * DAY, by=preparer)
    assert new.details.masked != payout.details.masked


def test_forecast_names_the_hold_of_the_version_that_applies(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    change_details(affiliate, FEBRUARY - DAY)
    assert list_reasons(affiliate) == ["Your payout details were changed. They can be used from 9 Feb 2026, 12:00 UTC."]
    publish_hold_days(3, FEBRUARY - DAY)
    assert list_reasons(affiliate) == ["Your payout details were changed. They can be used from 5 Feb 2026, 12:00 UTC."]


def list_reasons(affiliate: Affiliate) -> list[str]:
    """Return why the next close would not pay, as the affiliate reads it the day before."""
    forecast = get_payout_forecast(affiliate, FEBRUARY - DAY)
    assert forecast is not None
    return [requirement.text for requirement in forecast.requirements]
