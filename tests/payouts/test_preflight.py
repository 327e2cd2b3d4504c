"""Checks before a close, and the exclusion of affiliates with bad data."""

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


def find_causes():
    return preflight.find_unclosable(ends_at=MARCH, now=MARCH)


def post_stray_entry(affiliate, amount):
    owed = Decimal(amount)
    entries = [(Account.AFFILIATE_PAYABLE, affiliate, -owed), (Account.ADJUSTMENTS, affiliate, owed)]
    booking.post_transaction(
        source=f"stray {affiliate.pk} {amount}", kind="stray", entries=entries, now=JANUARY, by=None
    )


def test_consistent_data_has_no_exceptions(make_draft_batch, make_payable_affiliate):
    make_payable_affiliate()
    make_draft_batch(amounts=("100.00", "1.50"))
    assert find_causes() == {}


def test_ledger_balance_without_statement_is_an_exception(make_payable_affiliate):
    one, _other = make_payable_affiliate(), make_payable_affiliate()
    post_stray_entry(one, "1.00")
    assert find_causes() == {one.pk: "the ledger owes 1.00, the last statement and returned payouts say 0"}


def test_ledger_balance_that_differs_from_statement_is_an_exception(make_draft_batch, make_payable_affiliate, grant):
    carried = make_payable_affiliate()
    grant(carried, "1.50")
    make_draft_batch(amounts=("100.00",))
    assert find_causes() == {}
    post_stray_entry(carried, "-0.01")
    assert find_causes() == {carried.pk: "the ledger owes 1.49, the last statement and returned payouts say 1.50"}


def test_returned_payout_is_owed_until_it_is_replaced(make_draft_batch, preparer):
    from payouts.disbursement import payout_transitions

    batch = make_draft_batch(amounts=("100.00", "25.00"))
    one, other = batch.payouts.order_by("amount")
    payout_transitions.cancel(payout=one, reason="A test.", now=FEBRUARY, by=preparer)
    payout_transitions.cancel(payout=other, reason="A test.", now=FEBRUARY, by=preparer)
    assert find_causes() == {}
    post_stray_entry(one.affiliate, "1.00")
    assert find_causes() == {
        one.affiliate_id: "the ledger owes 26.00, the last statement and returned payouts say 25.00"
    }
    post_stray_entry(one.affiliate, "-1.00")
    payout_transitions.reissue(payout=other, reason="A test.", now=FEBRUARY, by=preparer)
    assert find_causes() == {}
    close_and_get_batch(MARCH.date().replace(month=2, day=1), MARCH)
    assert find_causes() == {}


def test_commissions_too_large_for_a_statement_are_an_exception(make_settled_affiliate):
    affiliate = make_settled_affiliate()
    rows = Commission.objects.for_affiliate(affiliate)
    rows.update(base=Decimal("999999999999"), rate=100, amount=Decimal("33333333333.33"))
    assert find_causes() == {}
    rows.filter(pk=max(rows.values_list("pk", flat=True))).update(amount=Decimal("33333333333.34"))
    assert find_causes() == {affiliate.pk: "commissions of 100000000000.00 are more than a statement can hold"}
    rows.update(validates_at=MARCH)
    assert find_causes() == {}
    rows.update(validates_at=MARCH - timedelta(microseconds=1))
    assert list(find_causes()) == [affiliate.pk]


def test_statement_balance_missing_from_ledger_is_an_exception(make_draft_batch, make_payable_affiliate):
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
    assert find_causes() == {one.pk: "the ledger owes 0, the last statement and returned payouts say 1.00"}


def test_last_statement_is_compared_with_ledger(make_draft_batch, make_payable_affiliate, grant):
    carried = make_payable_affiliate()
    grant(carried, "1.50")
    make_draft_batch(amounts=("100.00",))
    grant(carried, "1.00", at=FEBRUARY)
    close_month(month=FEBRUARY.date().replace(day=1), now=MARCH, by=None)
    assert carried.statements.count() == 2
    assert find_causes() == {}


def test_affiliate_with_bad_data_is_excluded_and_others_are_closed(make_payable_affiliate, grant):
    make_staff(superuser=True)
    excluded, closed_affiliate = make_payable_affiliate(), make_payable_affiliate()
    for affiliate in (excluded, closed_affiliate):
        grant(affiliate, "50.00")
    post_stray_entry(excluded, "1.00")
    closed = close_month(month=JANUARY.date().replace(day=1), now=FEBRUARY, by=None)
    assert [row.affiliate for row in closed.statements.all()] == [closed_affiliate]
    [exception] = closed.exceptions.all()
    assert (exception.affiliate, exception.cause) == (
        excluded,
        "the ledger owes 1.00, the last statement and returned payouts say 0",
    )
    [alert] = Message.objects.filter(kind="close_exceptions")
    assert (alert.context["period"], alert.context["count"]) == ("2026-01", 1)


def test_lines_of_excluded_affiliate_are_not_settled(make_payable_affiliate):
    excluded, closed_affiliate = make_payable_affiliate(), make_payable_affiliate()
    for affiliate in (excluded, closed_affiliate):
        assign_coupon(affiliate=affiliate, code=affiliate.code, assigned_from=BEGIN, now=BEGIN, by=None)
        sold = build_snapshot(affiliate.code, affiliate.code, ("home-decor", "400.00", "0.00"))
        ingest_orders(snapshots=[sold], source="a test", now=JANUARY)
    Commission.objects.update(validates_at=JANUARY)
    post_stray_entry(excluded, "1.00")
    closed = close_month(month=BEGIN.date(), now=FEBRUARY, by=None)
    settled = StatementLine.objects.values_list("commission__affiliate", "statement__affiliate", "amount")
    assert list(settled) == [(closed_affiliate.pk, closed_affiliate.pk, Decimal("20.00"))]
    assert [row.affiliate for row in closed.exceptions.all()] == [excluded]


def test_staff_get_no_alert_without_exceptions(make_payable_affiliate, grant):
    make_staff(superuser=True)
    grant(make_payable_affiliate(), "50.00")
    close_month(month=JANUARY.date().replace(day=1), now=FEBRUARY, by=None)
    assert not Message.objects.filter(kind="close_exceptions").exists()
