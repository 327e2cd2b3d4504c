"""A change of the e-mail address holds payouts for `payout_details_hold_days`, which are 7 in the seed agreement."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse

from audit.models import AuditRecord
from payouts.closing import dry_run
from payouts.closing.close import close_month, get_month_to_close
from payouts.closing.payout_forecast import get_payout_forecast
from payouts.closing.replay import replay
from payouts.closing.verification import check_invariants
from payouts.commissions import holds
from payouts.disbursement import approval, payout_transitions
from payouts.models import Close, PayoutHold, Statement
from payouts.payout_details.email_change import hold_after_email_change
from tests.payouts.conftest import FEBRUARY, JANUARY, MARCH, read_text
from tests.payouts.ledger_lock import assert_ledger_is_locked_first

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)


def change_email(affiliate, at: datetime) -> PayoutHold | None:
    return hold_after_email_change(affiliate=affiliate, now=at, by=affiliate.user)


def close(month: int, at: datetime) -> Close:
    """Close a month of 2026, and check that it replays to the same figures."""
    closed = close_month(month=date(2026, month, 1), now=at, by=None)
    assert replay(closed) == []
    return closed


def read_statement(affiliate, closed: Close) -> str:
    row = Statement.objects.get(affiliate=affiliate, close=closed)
    return f"{row.opening} {row.adjustments} {row.payout} {row.closing} {' '.join(row.reasons)}".strip()


def test_close_within_the_hold_carries_the_balance_over_and_the_next_pays_it(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "100.00")
    # From 30 January, noon, to 6 February, noon. The close is on 3 February.
    hold = change_email(affiliate, datetime.fromisoformat("2026-01-30T12:00:00Z"))
    assert hold is not None
    assert hold.ends_at == datetime.fromisoformat("2026-02-06T12:00:00Z")
    january = close(1, FEBRUARY)
    assert read_statement(affiliate, january) == "0.00 100.00 0.00 100.00 email_change_on_hold"
    grant(affiliate, "25.50", at=FEBRUARY)
    # 100.00 + 25.50, on 3 March.
    assert read_statement(affiliate, close(2, MARCH)) == "100.00 25.50 125.50 0.00"
    assert replay(january) == []


@pytest.mark.parametrize(
    ("changed", "statement"),
    [
        (FEBRUARY - WEEK, "0.00 50.00 50.00 0.00"),
        (FEBRUARY - WEEK + MOMENT, "0.00 50.00 0.00 50.00 email_change_on_hold"),
        (FEBRUARY - MOMENT, "0.00 50.00 0.00 50.00 email_change_on_hold"),
    ],
)
def test_hold_lasts_seven_days_to_the_microsecond(changed, statement, make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    change_email(affiliate, changed)
    assert read_statement(affiliate, close(1, FEBRUARY)) == statement


def test_later_change_extends_the_hold_and_an_earlier_one_does_not_end_it(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    change_email(affiliate, FEBRUARY - timedelta(days=10))
    change_email(affiliate, FEBRUARY - timedelta(days=5))
    change_email(affiliate, FEBRUARY - timedelta(days=5))
    assert read_statement(affiliate, close(1, FEBRUARY)).endswith("email_change_on_hold")
    # The last ends on 5 February.
    assert read_statement(affiliate, close(2, MARCH)) == "50.00 0.00 50.00 0.00"


def test_every_reason_is_listed_and_staff_can_release_the_hold(make_payable_affiliate, grant, preparer):
    both, released = make_payable_affiliate(), make_payable_affiliate()
    for affiliate in (both, released):
        grant(affiliate, "50.00")
        change_email(affiliate, FEBRUARY - timedelta(days=1))
    hold = PayoutHold.objects.get(affiliate=released)
    holds.hold_payouts(affiliate=both, source="staff", reason="A test.", now=JANUARY, by=None)
    holds.release_payouts(
        affiliate=released, source=hold.source, now=FEBRUARY - MOMENT, by=preparer, reason="Spoke to her."
    )
    closed = close(1, FEBRUARY)
    assert read_statement(both, closed) == "0.00 50.00 0.00 50.00 email_change_on_hold payouts_held"
    assert read_statement(released, closed) == "0.00 50.00 50.00 0.00"
    # Released later, it still held at the close.
    holds.release_payouts(affiliate=both, source="staff", now=MARCH, by=preparer, reason="A test.")
    assert replay(closed) == []


@pytest.mark.parametrize("program_terms", [{"payout_details_hold_days": 0}, {"payout_details_hold_days": 30}])
def test_length_is_that_of_the_agreement(make_payable_affiliate, grant, program_terms):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    hold = change_email(affiliate, JANUARY)
    # 30 days after 20 January are over on 19 February.
    expected = {0: "0.00 50.00 50.00 0.00", 30: "0.00 50.00 0.00 50.00 email_change_on_hold"}
    days = program_terms["payout_details_hold_days"]
    assert (hold is None) == (days == 0)
    assert read_statement(affiliate, close(1, FEBRUARY)) == expected[days]


def test_drafted_payouts_wait_until_the_hold_is_over(make_draft_batch, preparer, approver):
    batch = make_draft_batch(amounts=("100.00",))
    affiliate = batch.payouts.select_related("affiliate__user").get().affiliate
    change_email(affiliate, FEBRUARY + timedelta(hours=1))
    within, after = FEBRUARY + timedelta(days=6), FEBRUARY + timedelta(days=8)
    with pytest.raises(ValidationError, match="account was changed, so payouts are on hold until 10 Feb 2026"):
        approval.submit(batch=batch, now=within, by=preparer)
    approval.submit(batch=batch, now=after, by=preparer)
    digest = approval.summarize_batch(batch, after).digest
    change_email(affiliate, after)
    with pytest.raises(ValidationError, match="on hold until"):
        approval.approve(batch=batch, digest=digest, now=after + WEEK - MOMENT, by=approver)
    approval.approve(batch=batch, digest=digest, now=after + WEEK, by=approver)


def test_failed_payout_is_not_issued_again_within_the_hold(make_sent_batch, preparer):
    payout = make_sent_batch(amounts=("100.00",)).payouts.select_related("affiliate__user").get()
    payout_transitions.fail(payout=payout, reason="Closed.", now=FEBRUARY, by=preparer)
    change_email(payout.affiliate, FEBRUARY)
    with pytest.raises(ValidationError, match="on hold"):
        payout_transitions.reissue(payout=payout, reason="Again.", now=FEBRUARY + WEEK - MOMENT, by=preparer)
    new = payout_transitions.reissue(payout=payout, reason="Again.", now=FEBRUARY + WEEK, by=preparer)
    assert (new.amount, new.reference != payout.reference) == (Decimal("100.00"), True)


def test_forecast_and_dry_run_foretell_the_hold(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    early = FEBRUARY - timedelta(days=9)
    change_email(affiliate, early)
    # Over on 1 February, before the close on 3 February.
    forecast = get_payout_forecast(affiliate, early)
    assert forecast is not None
    assert forecast.requirements == []
    change_email(affiliate, FEBRUARY - timedelta(days=2))
    forecast = get_payout_forecast(affiliate, FEBRUARY - timedelta(days=2))
    assert forecast is not None
    [requirement] = forecast.requirements
    assert requirement.text == "Your e-mail address was changed. Payouts can start again from 8 Feb 2026, 12:00 UTC."
    assert requirement.clause
    month = get_month_to_close()
    assert month is not None
    [row] = dry_run.iter_csv_rows(month=month, now=FEBRUARY)
    assert "email_change_on_hold" in row


def test_affiliate_reads_why_on_the_pages(make_payable_affiliate, grant, sign_in):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    change_email(affiliate, FEBRUARY - timedelta(days=1))
    client = sign_in(affiliate)
    # January is closed at midnight.
    with time_machine.travel(FEBRUARY - timedelta(hours=20), tick=False):
        assert "payouts start again on" in read_text(client.get(reverse("payouts:details")))
        assert "Payouts can start again from 9 Feb 2026, 12:00 UTC." in read_text(client.get(reverse("portal:home")))
    statement = Statement.objects.get(close=close(1, FEBRUARY))
    with time_machine.travel(FEBRUARY, tick=False):
        page = read_text(client.get(reverse("payouts:statement", args=[statement.pk])))
    assert "You changed your e-mail address recently, so payouts had not started again yet." in page


def test_hold_is_audited(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    change_email(affiliate, JANUARY)
    record = AuditRecord.objects.get(action="payouts held")
    assert record.after["ends"] == "2026-01-27T12:00:00+00:00"
    assert record.by == affiliate.user


def test_close_cannot_run_while_the_hold_is_placed(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    with assert_ledger_is_locked_first():
        change_email(affiliate, JANUARY)


def test_payout_within_the_hold_breaks_an_invariant(make_draft_batch):
    payout = make_draft_batch(amounts=("100.00",)).payouts.select_related("affiliate__user").get()
    change_email(payout.affiliate, FEBRUARY)
    assert find_violations() == []
    PayoutHold.objects.update(placed_at=FEBRUARY - MOMENT)
    assert find_violations() == [f"payout {payout.reference}"]


def find_violations() -> list[str]:
    return [row.first for row in check_invariants() if row.violations]
