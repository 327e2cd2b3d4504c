"""Before and after a change of payout details, pages name the closes that its hold misses."""

import html
import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agreements.models import Program
from payouts.closing.close import close_month
from payouts.closing.payout_delay import find_delay
from payouts.closing.payout_forecast import get_payout_forecast
from payouts.commissions import holds
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
        page = read_text(client.get(reverse(name if ":" in name else f"payouts:{name}")))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_change_that_misses_the_next_close_says_which_payout_before_it_is_saved(payee, sign_in):
    assert LATE in read_page(sign_in(payee), "change_details", BEFORE_CLOSE)


def test_change_in_time_says_that_the_next_close_can_pay(payee, sign_in):
    page = read_page(sign_in(payee), "change_details", JANUARY)
    assert "If you save now, payouts to the account start on 27 Jan 2026, 12:00 UTC . The next close, on 3 Feb" in page
    assert "rolls over" not in page


def test_change_names_the_first_close_where_the_next_one_pays_nothing(payee, sign_in):
    payee.payout_details.all().delete()
    page = read_page(sign_in(payee), "change_details", BEFORE_CLOSE)
    assert "The first close that can pay to this account is that of February 2026, on 3 Mar 2026 ." in page
    assert "rolls over" not in page


def test_payout_that_is_prepared_is_named_before_a_change(payee, sign_in):
    masked = payee.payout_details.get().masked
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    page = read_page(sign_in(payee), "change_details", FEBRUARY)
    assert f"50.00 USD is being prepared for PayPal {masked}. Once you save, it can no longer be sent there" in page


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
    assert "The first close that can pay to this account is that of February 2026, on 3 Mar 2026 . clause 5.6" in page


@pytest.mark.parametrize(("days", "month"), [(0, date(2026, 1, 1)), (60, date(2026, 3, 1))])
def test_first_close_is_the_first_one_that_runs_after_the_hold(days, month, payee):
    """The hold ends on 30 January or on 31 March."""
    delay = find_delay(get_payout_forecast(payee, BEFORE_CLOSE), BEFORE_CLOSE + timedelta(days=days))
    assert delay is not None
    assert delay.first_close.month.first_day == month


def test_leave_page_follows_a_hold_as_the_home_does(payee, sign_in):
    """Leaving on 30 January with a notice of 30 days ends on 1 March. The hold until 6 February misses one close."""
    client = sign_in(payee)
    page = read_page(client, "portal:leave", BEFORE_CLOSE)
    assert "The close on 3 Feb 2026 pays your balance" in page
    assert "It pays 50.00 USD as of today." in page
    details.change_details(
        affiliate=payee, method="paypal", account="n@example.com", holder="N", now=BEFORE_CLOSE, by=None
    )
    reason = "Your payout details were changed. They can be used from 6 Feb 2026, 12:00 UTC."
    leave, home = (read_page(client, f"portal:{name}", BEFORE_CLOSE) for name in ("leave", "home"))
    assert "The close on 3 Feb 2026 does not pay your balance" in leave
    assert "It carries over 50.00 USD as of today, because:" in leave
    assert reason in leave
    assert reason in home
    assert "The first close that can pay it is that on 3 Mar 2026 ." in leave
    assert "The first close that can pay it is that on 3 Mar 2026 ." in home
    assert "From the close on 3 Mar 2026 on, the payout threshold no longer applies" in leave


def test_leave_page_adds_up_all_that_is_still_to_be_paid(payee, grant, sign_in):
    """50.00 is being prepared, and an adjustment of 3.00 waits for the next close."""
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    grant(payee, "3.00")
    client = sign_in(payee)
    page = read_page(client, "portal:leave", FEBRUARY)
    assert "So are adjustments of 3.00 USD at the next monthly close." in page
    assert "In all, without what is held, 53.00 USD is still to be paid to you." in page
    assert reverse("portal:leave") in client.get(reverse("portal:agreement")).content.decode()


def test_leave_page_names_a_hold_of_staff_and_no_date_that_it_would_end(payee, sign_in, approver):
    holds.hold_payouts(affiliate=payee, source="staff", reason="Unclear account.", now=JANUARY, by=approver)
    page = read_page(sign_in(payee), "portal:leave", BEFORE_CLOSE)
    assert "Your payouts are on hold: Unclear account." in page
    assert "The first close that can pay it" not in page


def test_leave_page_says_that_a_negative_balance_is_not_paid(payee, grant, sign_in):
    grant(payee, "-70.00")
    page = read_page(sign_in(payee), "portal:leave", BEFORE_CLOSE)
    assert "It carries over -20.00 USD as of today, because:" in page
    assert "Your balance is negative: it is not paid" in page


def test_leave_page_says_from_when_a_small_balance_is_paid(payee, grant, sign_in):
    """10.00 is below the threshold of 16.00. The notice ends on 1 March, so the close of 3 March pays it."""
    grant(payee, "-40.00")
    page = read_page(sign_in(payee), "portal:leave", BEFORE_CLOSE)
    assert "The close on 3 Feb 2026 does not pay your balance" in page
    assert "The first close that can pay it is that on 3 Mar 2026 ." in page


OUTDATED = (
    "You changed your payout details, so it can't be sent. Staff take it out, and its amount goes back to your balance. "
    "The first close that can pay to the new account is that on 3 Mar 2026."
)


def test_every_page_says_that_a_payout_to_the_old_account_is_not_sent(payee, grant, sign_in):
    """The close of 3 February prepared 50.00. After a change of the same day, that of 3 March can pay again."""
    masked = payee.payout_details.get().masked
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    client = sign_in(payee)
    home = read_page(client, "portal:home", FEBRUARY)
    assert "Payouts being prepared 50.00 USD" in home
    assert "can't be sent" not in read_page(client, "details", FEBRUARY)
    details.change_details(affiliate=payee, method="paypal", account="n@example.com", holder="N", now=FEBRUARY, by=None)
    home, payouts = (read_page(client, name, FEBRUARY) for name in ("portal:home", "payouts:payouts"))
    assert "Payouts being prepared" not in home
    assert "Payouts to your previous account, which go back to the balance 50.00 USD" in home
    assert OUTDATED in payouts
    for name in ("details", "portal:leave"):
        page = read_page(client, name, FEBRUARY)
        assert f"A payout of 50.00 USD to {masked} was prepared. {OUTDATED}" in page
        assert "is being prepared" not in page


@pytest.mark.parametrize(
    "name", ["payouts:payouts", "payouts:details", "payouts:change_details", "portal:home", "portal:leave"]
)
def test_page_needs_few_queries_even_while_a_payout_goes_nowhere(name, payee, sign_in):
    """The payout is to the old account, and the new one and a change of the e-mail address are on hold."""
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    details.change_details(affiliate=payee, method="paypal", account="n@example.com", holder="N", now=FEBRUARY, by=None)
    email_change.hold_after_email_change(affiliate=payee, now=FEBRUARY, by=None)
    client = sign_in(payee)
    read_page(client, name, FEBRUARY)
    with CaptureQueriesContext(connection) as queries:
        assert OUTDATED in read_page(client, name, FEBRUARY) or name == "portal:home"
    assert len(queries) <= 12, "\n".join(query["sql"][:200] for query in queries.captured_queries)
