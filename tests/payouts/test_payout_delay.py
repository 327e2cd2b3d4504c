"""Before and after a change of payout details, pages name the closes that its hold misses."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from agreements.models import Program
from payouts.closing.close import close_month
from payouts.closing.payout_delay import find_delay
from payouts.closing.payout_forecast import get_payout_forecast
from payouts.payout_details import details, email_change
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY, read_text

pytestmark = pytest.mark.django_db
# The close of January runs on 3 February; details entered now are held for seven days.
BEFORE_CLOSE = datetime(2026, 1, 30, 12, tzinfo=UTC)
LATE = (
    "If you save now, the payout of the close of 3 Feb 2026 (50.00 USD as of today) rolls over to the close of "
    "3 Mar 2026 , because payouts to the new account start on 6 Feb 2026, 12:00 UTC . clause 5.6"
)


@pytest.fixture
def payee(make_payable_affiliate, grant, sign_in, monkeypatch):
    """Make an affiliate whom the next close would pay 50.00, signed in with a password entered a moment ago."""
    monkeypatch.setattr(
        "allauth.account.internal.flows.reauthentication.is_reauthentication_required", lambda *a, **k: False
    )
    Program.current()
    Program.objects.update(opened_at=BEGIN)
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    return affiliate


def read_page(client, name: str, at: datetime) -> str:
    with time_machine.travel(at, tick=False):
        page = read_text(client.get(reverse(f"payouts:{name}")))
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_change_that_misses_the_next_close_says_which_payout_before_it_is_saved(payee, sign_in):
    assert LATE in read_page(sign_in(payee), "change_details", BEFORE_CLOSE)


def test_change_in_time_says_that_the_next_close_can_pay(payee, sign_in):
    page = read_page(sign_in(payee), "change_details", JANUARY)
    assert "If you save now, payouts to the account start on 27 Jan 2026, 12:00 UTC . The next close, on 3 Feb" in page
    assert "rolls over" not in page


def test_change_names_the_first_close_where_the_next_one_pays_nothing(payee, sign_in):
    payee.payout_details.all().delete()
    page = read_page(sign_in(payee), "change_details", BEFORE_CLOSE)
    assert "The first close that can pay to it is that of February 2026, on 3 Mar 2026 ." in page
    assert "rolls over" not in page


def test_payout_under_way_keeps_its_account(payee, sign_in):
    masked = payee.payout_details.get().masked
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    page = read_page(sign_in(payee), "change_details", FEBRUARY)
    assert f"the account that they were made for: 50.00 USD to PayPal {masked} (being prepared)" in page


@pytest.mark.parametrize("name", ["details", "index"])
@pytest.mark.parametrize("cause", ["details", "email"])
def test_pages_name_the_next_payout_during_a_hold(name, cause, payee, sign_in):
    if cause == "details":
        details.change_details(
            affiliate=payee, method="paypal", account="n@example.com", holder="N", now=BEFORE_CLOSE, by=None
        )
    else:
        email_change.hold_after_email_change(affiliate=payee, now=BEFORE_CLOSE, by=None)
    page = read_page(sign_in(payee), {"index": "payouts"}.get(name, name), BEFORE_CLOSE)
    assert "6 Feb 2026, 12:00 UTC" in page
    assert "The first close that can pay to it is that of February 2026, on 3 Mar 2026 . clause 5.6" in page


@pytest.mark.parametrize(("days", "month"), [(0, date(2026, 1, 1)), (60, date(2026, 3, 1))])
def test_first_close_is_the_first_one_that_runs_after_the_hold(days, month, payee):
    """The hold ends on 30 January or on 31 March."""
    delay = find_delay(get_payout_forecast(payee, BEFORE_CLOSE), BEFORE_CLOSE + timedelta(days=days))
    assert delay is not None
    assert delay.first_close.month.first_day == month
