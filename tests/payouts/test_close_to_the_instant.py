"""A close at an instant ..."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from affiliates.models import Affiliate, State
from agreements import publishing, version_drafts
from mail.models import Message
from payouts.closing.close import close_month
from payouts.commissions import holds
from payouts.disbursement import payout_transitions
from payouts.ledger import adjustments, booking
from payouts.models import Commission, LedgerEntry, LedgerTransaction, Payout, PayoutDetails
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


def said(affiliate, closed):
    """Opening, settled, adjustments, payout, closing and the reasons of the statement; None where there is none."""
    row = closed.statements.filter(affiliate=affiliate).first()
    if row is None:
        return None
    figures = (row.opening, row.settled, row.adjustments, row.payout, row.closing)
    return " ".join([*map(str, figures), *row.reasons])


def test_pays_the_minimum_and_not_a_cent_less(make_payable_affiliate, grant):
    rich, poor, owing, nought = (make_payable_affiliate() for _time in range(4))
    for affiliate, amount in ((rich, "16.00"), (poor, "15.99"), (owing, "-0.01"), (nought, "5.00"), (nought, "-5.00")):
        grant(affiliate, amount)
    closed = close()
    assert said(rich, closed) == "0.00 0.00 16.00 16.00 0.00"
    assert said(poor, closed) == "0.00 0.00 15.99 0.00 15.99 below_minimum"
    assert said(owing, closed) == "0.00 0.00 -0.01 0.00 -0.01 negative_balance"
    assert said(nought, closed) == "0.00 0.00 0.00 0.00 0.00 nothing_due"
    [payout] = Payout.objects.all()
    assert (payout.affiliate, payout.amount, payout.created_at) == (rich, Decimal("16.00"), FEBRUARY)
    assert payout.reference == f"AC{str(payout.pk).replace('-', '').upper()[:28]}"
    told = Message.objects.get(key=f"month_closed:{payout.statement_id}").context
    assert (told["adjustments"], told["payout"], told["closing"]) == ("16.00", "16.00", "0.00")


@pytest.mark.parametrize(("minimum", "paid"), [("0.01", True), ("-0.01", False)])
def test_ignores_the_minimum_after_a_termination_or_the_end_of_a_notice(make_payable_affiliate, grant, minimum, paid):
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
        assert (said(affiliate, closed) == f"0.00 0.00 {minimum} {minimum} 0.00") is paid
    assert said(running, closed).endswith("negative_balance" if not paid else "below_minimum")
    # What is paid is booked and in a batch, however little it is.
    assert closed.batches.count() == paid
    assert [str(payout.amount) for payout in Payout.objects.all()] == ["0.01"] * (2 * paid)
    booked = LedgerTransaction.objects.filter(kind="payout", entries__account="payouts_in_transit")
    assert [str(amount) for amount in booked.values_list("entries__amount", flat=True)] == ["-0.01"] * (2 * paid)


def test_pays_nobody_who_is_suspended_or_was_never_active_and_says_every_reason(
    make_payable_affiliate, grant, agreement
):
    suspended, never = make_payable_affiliate(), make_affiliate(state=State.APPROVED, at=BEGIN)
    grant(suspended, "50.00")
    grant(never, "50.00")
    Affiliate.objects.filter(pk=suspended.pk).update(state="suspended")
    for source in ("one", "other"):
        holds.hold_payouts(affiliate=suspended, source=source, reason="A test.", now=JANUARY, by=None)
    closed = close()
    assert said(suspended, closed) == "0.00 0.00 50.00 0.00 50.00 suspended payouts_held"
    assert said(never, closed) == "0.00 0.00 50.00 0.00 50.00 not_active no_accepted_agreement no_payout_details"


def test_pays_whoever_has_no_hold_any_more(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    holds.hold_payouts(affiliate=affiliate, source="one", reason="A test.", now=JANUARY, by=None)
    holds.release_payouts(affiliate=affiliate, source="one", now=JANUARY, by=None)
    assert said(affiliate, close()) == "0.00 0.00 50.00 50.00 0.00"


def test_goes_by_what_is_accepted_and_confirmed_by_then(agreement, grant):
    on_time, late = (make_affiliate(at=BEGIN) for _time in range(2))
    for affiliate, at in ((on_time, FEBRUARY), (late, FEBRUARY + TICK)):
        record_acceptance(affiliate, agreement, at)
        grant(affiliate, "50.00")
        given: dict[str, Any] = {
            "method": "paypal",
            "account": f"{affiliate.code}@example.com",
            "holder": "H",
            "by": None,
        }
        details.change_details(affiliate=affiliate, now=at, hold=False, **given)
    closed = close()
    assert said(on_time, closed) == "0.00 0.00 50.00 50.00 0.00"
    assert said(late, closed) == "0.00 0.00 50.00 0.00 50.00 no_accepted_agreement no_payout_details"


def test_pays_to_the_newest_details_once_their_hold_is_over(make_payable_affiliate, grant):
    ready, waits, unconfirmed = (make_payable_affiliate() for _time in range(3))
    for affiliate, usable in ((ready, FEBRUARY), (waits, FEBRUARY + TICK), (unconfirmed, JANUARY)):
        grant(affiliate, "50.00")
        given: dict[str, Any] = {
            "method": "paypal",
            "account": f"new{affiliate.code}@example.com",
            "holder": "H",
            "by": None,
        }
        row = details.change_details(affiliate=affiliate, now=JANUARY, hold=False, **given)
        confirmed = None if affiliate == unconfirmed else JANUARY
        PayoutDetails.objects.filter(pk=row.pk).update(usable_from=usable, confirmed_at=confirmed)
    closed = close()
    assert said(ready, closed) == "0.00 0.00 50.00 50.00 0.00"
    assert Payout.objects.get().details.entered_at == JANUARY
    assert said(waits, closed) == "0.00 0.00 50.00 0.00 50.00 payout_details_on_hold"
    assert said(unconfirmed, closed) == "0.00 0.00 50.00 0.00 50.00 no_payout_details"


def test_takes_the_adjustments_that_were_approved_before_the_months_end(make_payable_affiliate, grant, preparer):
    before, at_the_end, proposed = (make_payable_affiliate() for _time in range(3))
    grant(before, "50.00", at=ENDS - TICK)
    grant(at_the_end, "50.00", at=ENDS)
    given: dict[str, Any] = {"kind": "bonus", "amount": Decimal("50.00"), "reason": "A test."}
    adjustments.propose(affiliate=proposed, now=JANUARY, by=preparer, **given)
    closed = close()
    assert said(before, closed) == "0.00 0.00 50.00 50.00 0.00"
    assert said(at_the_end, closed) is None
    assert said(proposed, closed) is None
    later = close(MARCH, ENDS)
    assert said(before, later) is None
    assert said(at_the_end, later) == "0.00 0.00 50.00 50.00 0.00"


def test_settles_what_is_validated_before_the_months_end(make_settled_affiliate):
    affiliate = make_settled_affiliate()
    grown, new = Commission.objects.for_affiliate(affiliate).order_by("-amount")[:2]
    Commission.objects.filter(pk=grown.pk).update(amount=grown.amount - 1, validates_at=None)
    closed = close(parse_utc("2026-04-03"), MARCH.replace(day=1))
    assert said(affiliate, closed) == "0.00 -1.00 0.00 0.00 -1.00 negative_balance"
    assert new.statement_lines.count() == 1


@pytest.mark.parametrize(("validates_at", "settled"), [(ENDS - TICK, True), (ENDS, False)])
def test_settles_nothing_of_the_month_to_come(make_payable_affiliate, grant, validates_at, settled):
    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="TICK", assigned_from=BEGIN, now=BEGIN, by=None)
    ingest_orders(
        snapshots=[build_snapshot("T1", "TICK", ("home-decor", "400.00", "0.00"))], source="test", now=JANUARY
    )
    Commission.objects.update(validates_at=validates_at)
    assert said(affiliate, close()) == ("0.00 20.00 0.00 20.00 0.00" if settled else None)


def test_books_forfeited_money_apart_and_tells_the_affiliate_what_the_statement_says(make_settled_affiliate):
    from payouts.commissions import forfeiture

    affiliate = make_settled_affiliate()
    line = Commission.objects.for_affiliate(affiliate).latest("amount")
    forfeiture.forfeit(commissions=[line], reason="6.1", now=MARCH, by=None)
    closed = close(parse_utc("2026-04-03"), MARCH.replace(day=1))
    assert said(affiliate, closed) == "0.00 -9.00 0.00 0.00 -9.00 negative_balance"
    booked = LedgerTransaction.objects.get(source=f"close:2026-03:{affiliate.pk}")
    entries = LedgerEntry.objects.filter(transaction=booked).values_list("account", "amount")
    assert {account: str(amount) for account, amount in entries} == {
        "affiliate_payable": "9.00",
        "forfeited_commission": "-9.00",
    }
    statement = closed.statements.get()
    message = Message.objects.get(key=f"month_closed:{statement.pk}")
    assert (message.kind, message.to) == ("month_closed", affiliate.user.email)
    assert message.context == {
        "name": affiliate.name,
        "code": affiliate.code,
        "statement": str(statement.pk),
        "period": "2026-03",
        "number": 2,
        "opening": "0.00",
        "settled": "-9.00",
        "adjustments": "0.00",
        "returned": "0.00",
        "payout": "0.00",
        "closing": "-9.00",
        "currency": "USD",
        "reasons": ["negative_balance"],
        "agreement": str(statement.agreement_id),
    }
    assert message.attachments == [{"name": "statement_pdf", "key": str(statement.pk)}]


def test_books_what_is_forfeited_apart_from_what_is_earned_in_the_same_month(make_settled_affiliate):
    from payouts.commissions import forfeiture

    affiliate = make_settled_affiliate()
    line = Commission.objects.for_affiliate(affiliate).latest("amount")
    forfeiture.forfeit(commissions=[line], reason="6.1", now=MARCH, by=None)
    Commission.objects.for_affiliate(affiliate).exclude(pk=line.pk).update(base=F("base") + 100, amount=F("amount") + 5)
    closed = close(parse_utc("2026-04-03"), MARCH.replace(day=1))
    assert said(affiliate, closed) == "0.00 1.00 0.00 0.00 1.00 below_minimum", (
        "two lines of 5.00 more, 9.00 taken back"
    )
    entries = LedgerEntry.objects.filter(transaction__source=f"close:2026-03:{affiliate.pk}")
    assert {account: str(amount) for account, amount in entries.values_list("account", "amount")} == {
        "affiliate_payable": "-1.00",
        "forfeited_commission": "-9.00",
        "commission_expense": "10.00",
    }


def test_tells_nobody_who_wants_no_reports_or_was_erased(make_payable_affiliate, grant):
    told, muted, erased = (make_payable_affiliate() for _time in range(3))
    for affiliate in (told, muted, erased):
        grant(affiliate, "50.00")
    Affiliate.objects.filter(pk=muted.pk).update(muted_kinds=["month_closed"])
    Affiliate.objects.filter(pk=erased.pk).update(erased_at=JANUARY)
    close()
    assert list(Message.objects.filter(kind="month_closed").values_list("to", flat=True)) == [told.user.email]


def test_drafts_no_batch_where_there_is_nothing_to_pay(make_payable_affiliate, grant):
    grant(make_payable_affiliate(), "1.00")
    assert close().batches.count() == 0
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_leaves_a_later_adjustment_to_the_next_one_also_of_somebody_who_has_a_statement(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "20.00", at=ENDS - TICK)
    grant(affiliate, "30.00", at=ENDS)
    assert said(affiliate, close()) == "0.00 0.00 20.00 20.00 0.00"
    assert booking.get_balance(affiliate) == 0
    assert said(affiliate, close(MARCH, ENDS)) == "0.00 0.00 30.00 30.00 0.00"


def test_takes_back_what_came_back_and_not_what_was_issued_anew(make_draft_batch, grant, approver):
    again, back = make_draft_batch(amounts=("100.00", "25.00")).payouts.order_by("-amount")
    for payout in (again, back):
        payout_transitions.cancel(payout=payout, reason="A test.", now=FEBRUARY, by=approver)
    assert [booking.get_balance(payout.affiliate) for payout in (again, back)] == [Decimal("100.00"), Decimal("25.00")]
    payout_transitions.reissue(payout=again, reason="A test.", now=FEBRUARY, by=approver)
    for payout in (again, back):
        grant(payout.affiliate, "1.00", at=FEBRUARY)
    closed = close(MARCH, ENDS)
    assert said(again.affiliate, closed) == "0.00 0.00 1.00 0.00 1.00 below_minimum"
    assert said(back.affiliate, closed) == "0.00 0.00 1.00 26.00 0.00"
    again.refresh_from_db()
    back.refresh_from_db()
    assert (again.returned_statement, back.returned_statement) == (
        None,
        closed.statements.get(affiliate=back.affiliate),
    )


def test_goes_by_the_version_that_takes_effect_with_it(agreement, make_payable_affiliate, grant):
    draft = version_drafts.start_draft(now=JANUARY, by=None)
    draft.payout_minimum = Decimal("10.00")
    draft.save()
    affiliate = make_payable_affiliate()
    grant(affiliate, "10.00")
    publishing.publish_version(agreement=draft, effective_at=FEBRUARY, now=JANUARY, by=None)
    closed = close()
    assert said(affiliate, closed) == "0.00 0.00 10.00 10.00 0.00"
    assert closed.agreement == closed.statements.get().agreement == draft


def test_still_goes_by_the_version_before_a_tick_earlier(agreement, make_payable_affiliate, grant):
    draft = version_drafts.start_draft(now=JANUARY, by=None)
    draft.payout_minimum = Decimal("10.00")
    draft.save()
    affiliate = make_payable_affiliate()
    grant(affiliate, "10.00")
    publishing.publish_version(agreement=draft, effective_at=FEBRUARY + TICK, now=JANUARY, by=None)
    assert said(affiliate, close()) == "0.00 0.00 10.00 0.00 10.00 below_minimum"


def test_books_an_adjustment_as_just_that(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    close()
    booked = LedgerTransaction.objects.get(source=f"close:2026-01:{affiliate.pk}")
    entries = LedgerEntry.objects.filter(transaction=booked).values_list("account", "amount")
    assert booked.kind == "settlement"
    assert {account: str(amount) for account, amount in entries} == {
        "affiliate_payable": "-50.00",
        "adjustments": "50.00",
    }
