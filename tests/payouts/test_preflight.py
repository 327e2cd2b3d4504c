"""Before a close, whose figures would make it fail or make it wrong ..."""

from datetime import timedelta
from decimal import Decimal

import pytest

from mail.models import Message
from payouts.closing import preflight
from payouts.closing.close import close_month
from payouts.ledger import booking
from payouts.models import Account, Commission, Statement, StatementLine
from shops.intake import ingest_orders
from tests.factories import make_staff
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY, MARCH, build_snapshot, close_and_get_batch
from tracking.links.coupons import assign_coupon

pytestmark = pytest.mark.django_db


def found():
    return preflight.find_unclosable(ends_at=MARCH, now=MARCH)


def book(affiliate, amount):
    owed = Decimal(amount)
    entries = [(Account.AFFILIATE_PAYABLE, affiliate, -owed), (Account.ADJUSTMENTS, affiliate, owed)]
    booking.post_transaction(
        source=f"stray {affiliate.pk} {amount}", kind="stray", entries=entries, now=JANUARY, by=None
    )


def test_nobody_is_found_where_all_is_well(make_draft_batch, make_payable_affiliate):
    make_payable_affiliate()
    make_draft_batch(amounts=("100.00", "1.50"))
    assert found() == {}


def test_it_is_whoever_the_ledger_owes_what_no_statement_says(make_payable_affiliate):
    one, _other = make_payable_affiliate(), make_payable_affiliate()
    book(one, "1.00")
    assert found() == {one.pk: "the ledger owes 1.00, the last statement and returned payouts say 0"}


def test_it_is_whoever_the_ledger_owes_something_else_than_the_statement(
    make_draft_batch, make_payable_affiliate, grant
):
    carried = make_payable_affiliate()
    grant(carried, "1.50")
    make_draft_batch(amounts=("100.00",))
    assert found() == {}
    book(carried, "-0.01")
    assert found() == {carried.pk: "the ledger owes 1.49, the last statement and returned payouts say 1.50"}


def test_a_payout_that_came_back_is_owed_until_it_is_issued_anew(make_draft_batch, preparer):
    from payouts.disbursement import payout_transitions

    batch = make_draft_batch(amounts=("100.00", "25.00"))
    one, other = batch.payouts.order_by("amount")
    payout_transitions.cancel(payout=one, reason="A test.", now=FEBRUARY, by=preparer)
    payout_transitions.cancel(payout=other, reason="A test.", now=FEBRUARY, by=preparer)
    assert found() == {}
    book(one.affiliate, "1.00")
    assert found() == {one.affiliate_id: "the ledger owes 26.00, the last statement and returned payouts say 25.00"}
    book(one.affiliate, "-1.00")
    payout_transitions.reissue(payout=other, reason="A test.", now=FEBRUARY, by=preparer)
    assert found() == {}
    close_and_get_batch(MARCH.date().replace(month=2, day=1), MARCH)
    assert found() == {}


def test_it_is_whoever_earned_more_than_a_statement_can_hold(make_settled_affiliate):
    affiliate = make_settled_affiliate()
    rows = Commission.objects.for_affiliate(affiliate)
    rows.update(base=Decimal("999999999999"), rate=100, amount=Decimal("33333333333.33"))
    assert found() == {}
    rows.filter(pk=max(rows.values_list("pk", flat=True))).update(amount=Decimal("33333333333.34"))
    assert found() == {affiliate.pk: "commissions of 100000000000.00 are more than a statement can hold"}
    rows.update(validates_at=MARCH)
    assert found() == {}
    rows.update(validates_at=MARCH - timedelta(microseconds=1))
    assert list(found()) == [affiliate.pk]


def test_it_is_whoever_a_statement_owes_what_the_ledger_does_not(make_draft_batch, make_payable_affiliate):
    one = make_payable_affiliate()
    batch = make_draft_batch(amounts=("100.00",))
    Statement.objects.create(
        close=batch.close,
        affiliate=one,
        number=1,
        opening=1,
        lines=0,
        settled=0,
        adjustments=0,
        returned=0,
        payout=0,
        closing=1,
    )
    assert found() == {one.pk: "the ledger owes 0, the last statement and returned payouts say 1.00"}


def test_it_is_the_last_statement_that_counts(make_draft_batch, make_payable_affiliate, grant):
    carried = make_payable_affiliate()
    grant(carried, "1.50")
    make_draft_batch(amounts=("100.00",))
    grant(carried, "1.00", at=FEBRUARY)
    close_month(month=FEBRUARY.date().replace(day=1), now=MARCH, by=None)
    assert carried.statements.count() == 2
    assert found() == {}


def test_whoever_is_found_is_set_aside_and_all_others_are_closed(make_payable_affiliate, grant):
    make_staff(superuser=True)
    poisoned, well = make_payable_affiliate(), make_payable_affiliate()
    for affiliate in (poisoned, well):
        grant(affiliate, "50.00")
    book(poisoned, "1.00")
    closed = close_month(month=JANUARY.date().replace(day=1), now=FEBRUARY, by=None)
    assert [row.affiliate for row in closed.statements.all()] == [well]
    [aside] = closed.exceptions.all()
    assert (aside.affiliate, aside.cause) == (
        poisoned,
        "the ledger owes 1.00, the last statement and returned payouts say 0",
    )
    [alert] = Message.objects.filter(kind="close_exceptions")
    assert (alert.context["period"], alert.context["count"]) == ("2026-01", 1)


def test_no_line_of_whoever_is_set_aside_is_settled_but_those_of_all_others(make_payable_affiliate):
    poisoned, well = make_payable_affiliate(), make_payable_affiliate()
    for affiliate in (poisoned, well):
        assign_coupon(affiliate=affiliate, code=affiliate.code, assigned_from=BEGIN, now=BEGIN, by=None)
        sold = build_snapshot(affiliate.code, affiliate.code, ("home-decor", "400.00", "0.00"))
        ingest_orders(snapshots=[sold], source="a test", now=JANUARY)
    Commission.objects.update(validates_at=JANUARY)
    book(poisoned, "1.00")
    closed = close_month(month=BEGIN.date(), now=FEBRUARY, by=None)
    settled = StatementLine.objects.values_list("commission__affiliate", "statement__affiliate", "amount")
    assert list(settled) == [(well.pk, well.pk, Decimal("20.00"))]
    assert [row.affiliate for row in closed.exceptions.all()] == [poisoned]


def test_nobody_is_alerted_where_nobody_is_set_aside(make_payable_affiliate, grant):
    make_staff(superuser=True)
    grant(make_payable_affiliate(), "50.00")
    close_month(month=JANUARY.date().replace(day=1), now=FEBRUARY, by=None)
    assert not Message.objects.filter(kind="close_exceptions").exists()
