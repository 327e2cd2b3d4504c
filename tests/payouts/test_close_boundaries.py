"""What a close settles, pays and carries over, at the exact boundaries of time and amount."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from affiliates.models import Affiliate, State
from agreements import publishing, version_drafts
from mail.models import Message
from payouts.closing.close import close_month
from payouts.commissions import holds
from payouts.disbursement import payout_transitions
from payouts.ledger import adjustments, booking
from payouts.models import Commission, LedgerTransaction, Payout, PayoutDetails
from payouts.payout_details import details
from shops.intake import ingest_orders
from tests.factories import make_affiliate
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY, MARCH, build_snapshot, record_acceptance
from tests.scenarios import parse_utc
from tracking.links.coupons import assign_coupon

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)
ENDS = parse_utc("2026-02-01")


def close(now=FEBRUARY, first=BEGIN):
    return close_month(month=first.date(), now=now, by=None)


def read_statement(affiliate, closed):
    """Return opening, settled, adjustments, payout, closing and reasons of the statement; None if there is none."""
    row = closed.statements.filter(affiliate=affiliate).first()
    if row is None:
        return None
    figures = (row.opening, row.settled, row.adjustments, row.payout, row.closing)
    return " ".join([*map(str, figures), *row.reasons])


def test_close_pays_from_exactly_the_payout_threshold(make_payable_affiliate, grant):
    at_threshold, below, owing, zero = (make_payable_affiliate() for _ in range(4))
    for affiliate, amount in (
        (at_threshold, "16.00"),
        (below, "15.99"),
        (owing, "-0.01"),
        (zero, "5.00"),
        (zero, "-5.00"),
    ):
        grant(affiliate, amount)
    closed = close()
    assert read_statement(at_threshold, closed) == "0.00 0.00 16.00 16.00 0.00"
    assert read_statement(below, closed) == "0.00 0.00 15.99 0.00 15.99 below_minimum"
    assert read_statement(owing, closed) == "0.00 0.00 -0.01 0.00 -0.01 negative_balance"
    assert read_statement(zero, closed) == "0.00 0.00 0.00 0.00 0.00 nothing_due"
    [payout] = Payout.objects.all()
    assert (payout.affiliate, payout.amount, payout.created_at) == (at_threshold, Decimal("16.00"), FEBRUARY)
    assert payout.reference == f"AC{str(payout.pk).replace('-', '').upper()[:28]}"
    context = Message.objects.get(key=f"month_closed:{payout.statement_id}").context
    assert (context["adjustments"], context["payout"], context["closing"]) == ("16.00", "16.00", "0.00")


@pytest.mark.parametrize(("minimum", "paid"), [("0.01", True), ("-0.01", False)])
def test_threshold_does_not_apply_after_termination_or_notice_period(make_payable_affiliate, grant, minimum, paid):
    ended, over, running = make_payable_affiliate(), make_payable_affiliate(), make_payable_affiliate()
    for affiliate, state, at in (
        (ended, "terminated", None),
        (over, "leaving", FEBRUARY),
        (running, "leaving", FEBRUARY + TICK),
    ):
        grant(affiliate, minimum)
        Affiliate.objects.filter(pk=affiliate.pk).update(state=state, notice_ends_at=at)
    closed = close()
    for affiliate in (ended, over):
        assert (read_statement(affiliate, closed) == f"0.00 0.00 {minimum} {minimum} 0.00") is paid
    assert read_statement(running, closed).endswith("negative_balance" if not paid else "below_minimum")
    # Even the smallest payout has a batch and ledger entries.
    assert closed.batches.count() == paid
    assert [str(payout.amount) for payout in Payout.objects.all()] == ["0.01"] * (2 * paid)
    booked = LedgerTransaction.objects.filter(kind="payout", entries__account="payouts_in_transit")
    assert [str(amount) for amount in booked.values_list("entries__amount", flat=True)] == ["-0.01"] * (2 * paid)


def test_suspended_or_inactive_affiliate_is_not_paid_and_every_reason_is_stored(
    make_payable_affiliate, grant, agreement
):
    suspended, inactive = make_payable_affiliate(), make_affiliate(state=State.APPROVED, at=BEGIN)
    grant(suspended, "50.00")
    grant(inactive, "50.00")
    Affiliate.objects.filter(pk=suspended.pk).update(state="suspended")
    for source in ("one", "other"):
        holds.hold_payouts(affiliate=suspended, source=source, reason="A test.", now=JANUARY, by=None)
    closed = close()
    assert read_statement(suspended, closed) == "0.00 0.00 50.00 0.00 50.00 suspended payouts_held"
    assert (
        read_statement(inactive, closed)
        == "0.00 0.00 50.00 0.00 50.00 not_active no_accepted_agreement no_payout_details"
    )


def test_affiliate_is_paid_after_payout_hold_is_released(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    holds.hold_payouts(affiliate=affiliate, source="one", reason="A test.", now=JANUARY, by=None)
    holds.release_payouts(affiliate=affiliate, source="one", now=JANUARY, by=None)
    assert read_statement(affiliate, close()) == "0.00 0.00 50.00 50.00 0.00"


def test_acceptance_and_details_count_up_to_time_of_close(agreement, grant):
    on_time, late = (make_affiliate(at=BEGIN) for _ in range(2))
    for affiliate, at in ((on_time, FEBRUARY), (late, FEBRUARY + TICK)):
        record_acceptance(affiliate, agreement, at)
        grant(affiliate, "50.00")
        values: dict[str, Any] = {
            "method": "paypal",
            "account": f"{affiliate.code}@example.com",
            "holder": "H",
            "by": None,
        }
        details.change_details(affiliate=affiliate, now=at, hold=False, **values)
    closed = close()
    assert read_statement(on_time, closed) == "0.00 0.00 50.00 50.00 0.00"
    assert read_statement(late, closed) == "0.00 0.00 50.00 0.00 50.00 no_accepted_agreement no_payout_details"


def test_payout_goes_to_newest_confirmed_details_past_their_hold(make_payable_affiliate, grant):
    ready, on_hold, unconfirmed = (make_payable_affiliate() for _ in range(3))
    for affiliate, usable in ((ready, FEBRUARY), (on_hold, FEBRUARY + TICK), (unconfirmed, JANUARY)):
        grant(affiliate, "50.00")
        values: dict[str, Any] = {
            "method": "paypal",
            "account": f"new{affiliate.code}@example.com",
            "holder": "H",
            "by": None,
        }
        row = details.change_details(affiliate=affiliate, now=JANUARY, hold=False, **values)
        confirmed = None if affiliate == unconfirmed else JANUARY
        PayoutDetails.objects.filter(pk=row.pk).update(usable_from=usable, confirmed_at=confirmed)
    closed = close()
    assert read_statement(ready, closed) == "0.00 0.00 50.00 50.00 0.00"
    assert Payout.objects.get().details.entered_at == JANUARY
    assert read_statement(on_hold, closed) == "0.00 0.00 50.00 0.00 50.00 payout_details_on_hold"
    assert read_statement(unconfirmed, closed) == "0.00 0.00 50.00 0.00 50.00 no_payout_details"


def test_adjustments_approved_before_month_end_are_posted(make_payable_affiliate, grant, preparer):
    before, at_the_end, proposed = (make_payable_affiliate() for _ in range(3))
    grant(before, "50.00", at=ENDS - TICK)
    grant(at_the_end, "50.00", at=ENDS)
    values: dict[str, Any] = {"kind": "bonus", "amount": Decimal("50.00"), "reason": "A test."}
    adjustments.propose(affiliate=proposed, now=JANUARY, by=preparer, **values)
    closed = close()
    assert read_statement(before, closed) == "0.00 0.00 50.00 50.00 0.00"
    assert read_statement(at_the_end, closed) is None
    assert read_statement(proposed, closed) is None
    later = close(MARCH, ENDS)
    assert read_statement(before, later) is None
    assert read_statement(at_the_end, later) == "0.00 0.00 50.00 50.00 0.00"


def test_decrease_of_settled_commission_is_posted_without_validation(make_settled_affiliate):
    affiliate = make_settled_affiliate()
    decreased, unchanged = Commission.objects.for_affiliate(affiliate).order_by("-amount")[:2]
    Commission.objects.filter(pk=decreased.pk).update(amount=decreased.amount - 1, validates_at=None)
    closed = close(parse_utc("2026-04-03"), MARCH.replace(day=1))
    assert read_statement(affiliate, closed) == "0.00 -1.00 0.00 0.00 -1.00 negative_balance"
    assert unchanged.statement_lines.count() == 1


@pytest.mark.parametrize(("validates_at", "settled"), [(ENDS - TICK, True), (ENDS, False)])
def test_commission_validated_at_month_end_waits_for_next_close(make_payable_affiliate, grant, validates_at, settled):
    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="TICK", assigned_from=BEGIN, now=BEGIN, by=None)
    ingest_orders(
        snapshots=[build_snapshot("T1", "TICK", ("home-decor", "400.00", "0.00"))], source="test", now=JANUARY
    )
    Commission.objects.update(validates_at=validates_at)
    assert read_statement(affiliate, close()) == ("0.00 20.00 0.00 20.00 0.00" if settled else None)


def test_held_commission_waits_however_small_until_it_is_released(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="HELD", assigned_from=BEGIN, now=BEGIN, by=None)
    # 5 % are 0.50 and 20.00.
    lines = [("home-decor", "10.00", "0.00"), ("home-decor", "400.00", "0.00")]
    ingest_orders(snapshots=[build_snapshot("T1", "HELD", *lines)], source="test", now=JANUARY)
    Commission.objects.update(validates_at=ENDS - TICK)
    small = Commission.objects.filter(amount=Decimal("0.50"))
    holds.hold_commissions(commissions=small, source="review:1", reason="A review.", now=JANUARY, by=None)
    assert read_statement(affiliate, close()) == "0.00 20.00 0.00 20.00 0.00"
    holds.release_holds(source="review:1", now=FEBRUARY, by=None)
    assert read_statement(affiliate, close(MARCH, ENDS)) == "0.00 0.50 0.00 0.00 0.50 below_minimum"


def test_adjustment_after_month_end_waits_even_with_a_statement_this_month(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "20.00", at=ENDS - TICK)
    grant(affiliate, "30.00", at=ENDS)
    assert read_statement(affiliate, close()) == "0.00 0.00 20.00 20.00 0.00"
    assert booking.get_balance(affiliate) == 0
    assert read_statement(affiliate, close(MARCH, ENDS)) == "0.00 0.00 30.00 30.00 0.00"


def test_returned_payout_is_credited_unless_replaced(make_draft_batch, grant, approver):
    replaced, returned = make_draft_batch(amounts=("100.00", "25.00")).payouts.order_by("-amount")
    for payout in (replaced, returned):
        payout_transitions.cancel(payout=payout, reason="A test.", now=FEBRUARY, by=approver)
    assert [booking.get_balance(payout.affiliate) for payout in (replaced, returned)] == [
        Decimal("100.00"),
        Decimal("25.00"),
    ]
    payout_transitions.reissue(payout=replaced, reason="A test.", now=FEBRUARY, by=approver)
    for payout in (replaced, returned):
        grant(payout.affiliate, "1.00", at=FEBRUARY)
    closed = close(MARCH, ENDS)
    assert read_statement(replaced.affiliate, closed) == "0.00 0.00 1.00 0.00 1.00 below_minimum"
    assert read_statement(returned.affiliate, closed) == "0.00 0.00 1.00 26.00 0.00"
    replaced.refresh_from_db()
    returned.refresh_from_db()
    assert (replaced.returned_statement, returned.returned_statement) == (
        None,
        closed.statements.get(affiliate=returned.affiliate),
    )


def test_version_that_takes_effect_at_the_close_applies(agreement, make_payable_affiliate, grant):
    draft = version_drafts.start_draft(now=JANUARY, by=None)
    draft.payout_minimum = Decimal("10.00")
    draft.save()
    affiliate = make_payable_affiliate()
    grant(affiliate, "10.00")
    publishing.publish_version(agreement=draft, effective_at=FEBRUARY, now=JANUARY, by=None)
    closed = close()
    assert read_statement(affiliate, closed) == "0.00 0.00 10.00 10.00 0.00"
    assert closed.agreement == closed.statements.get().agreement == draft


def test_version_that_takes_effect_after_the_close_does_not_apply(agreement, make_payable_affiliate, grant):
    draft = version_drafts.start_draft(now=JANUARY, by=None)
    draft.payout_minimum = Decimal("10.00")
    draft.save()
    affiliate = make_payable_affiliate()
    grant(affiliate, "10.00")
    publishing.publish_version(agreement=draft, effective_at=FEBRUARY + TICK, now=JANUARY, by=None)
    assert read_statement(affiliate, close()) == "0.00 0.00 10.00 0.00 10.00 below_minimum"
