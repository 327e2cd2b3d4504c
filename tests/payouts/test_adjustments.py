"""Adjustments: proposal, second approval, rejection and posting."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from affiliates.errors import IllegalTransition
from audit.models import AuditRecord
from payouts.closing.close import close_month
from payouts.errors import SecondApprovalRequired
from payouts.ledger import adjustments, booking
from payouts.models import Adjustment, Statement
from tests.payouts.conftest import FEBRUARY, JANUARY

pytestmark = pytest.mark.django_db


def propose(affiliate, by, amount="5.00", kind="bonus", reason="Thank you."):
    return adjustments.propose(
        affiliate=affiliate, kind=kind, amount=Decimal(amount), reason=reason, now=JANUARY, by=by
    )


def test_approved_adjustment_is_posted_by_next_close(make_payable_affiliate, preparer, approver):
    affiliate = make_payable_affiliate()
    row = propose(affiliate, preparer)
    assert booking.get_balance(affiliate) == 0
    adjustments.approve(adjustment=row, now=JANUARY, by=approver)
    assert booking.get_balance(affiliate) == 0
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    assert booking.get_balance(affiliate) == Decimal("5.00")
    statement = Statement.objects.get(affiliate=affiliate)
    assert (statement.adjustments, statement.closing, statement.reasons) == (
        Decimal("5.00"),
        Decimal("5.00"),
        ["below_minimum"],
    )
    assert list(
        AuditRecord.objects.filter(action__startswith="adjustment")
        .order_by("at", "id")
        .values_list("action", flat=True)
    ) == [
        "adjustment proposed",
        "adjustment approved",
    ]


def test_proposer_cannot_approve_adjustment(make_payable_affiliate, preparer):
    row = propose(make_payable_affiliate(), preparer)
    with pytest.raises(SecondApprovalRequired):
        adjustments.approve(adjustment=row, now=JANUARY, by=preparer)
    with pytest.raises(IntegrityError, match="adjustment_needs_second_approval"), transaction.atomic():
        Adjustment.objects.filter(pk=row.pk).update(state="approved", decided_at=JANUARY, decided_by=preparer)


def test_rejected_adjustment_is_not_posted(make_payable_affiliate, preparer, approver):
    affiliate = make_payable_affiliate()
    row = propose(affiliate, preparer)
    with pytest.raises(ValidationError):
        adjustments.reject(adjustment=row, reason="", now=JANUARY, by=approver)
    adjustments.reject(adjustment=row, reason="Not agreed.", now=JANUARY, by=approver)
    with pytest.raises(IllegalTransition):
        adjustments.approve(adjustment=row, now=JANUARY, by=approver)
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    assert not Statement.objects.filter(affiliate=affiliate).exists()


def test_adjustment_approved_after_month_end_is_posted_by_following_close(make_payable_affiliate, preparer, approver):
    affiliate = make_payable_affiliate()
    row = propose(affiliate, preparer, "20.00")
    adjustments.approve(adjustment=row, now=FEBRUARY, by=approver)
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    assert not Statement.objects.filter(affiliate=affiliate).exists()
    close_month(month=date(2026, 2, 1), now=FEBRUARY + timedelta(days=30), by=None)
    assert Statement.objects.get(affiliate=affiliate).payout == Decimal("20.00")


def test_clawback_carries_negative_balance_over_and_is_offset(make_payable_affiliate, preparer, approver):
    affiliate = make_payable_affiliate()
    adjustments.approve(adjustment=propose(affiliate, preparer, "-30.00", "clawback"), now=JANUARY, by=approver)
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    statement = Statement.objects.get(affiliate=affiliate)
    assert (statement.closing, statement.payout, statement.reasons) == (Decimal("-30.00"), 0, ["negative_balance"])
    adjustments.approve(adjustment=propose(affiliate, preparer, "50.00"), now=FEBRUARY, by=approver)
    close_month(month=date(2026, 2, 1), now=FEBRUARY + timedelta(days=30), by=None)
    assert Statement.objects.get(affiliate=affiliate, number=2).payout == Decimal("20.00")


@pytest.mark.parametrize(
    ("kind", "amount", "reason", "field"),
    [
        ("bonus", "0.00", "x", "amount"),
        ("bonus", "-1.00", "x", "amount"),
        ("clawback", "1.00", "x", "amount"),
        ("correction", "1.005", "x", "amount"),
        ("correction", "NaN", "x", "amount"),
        ("correction", "Infinity", "x", "amount"),
        ("correction", "1000000000.00", "x", "amount"),
        ("gift", "1.00", "x", "kind"),
        ("bonus", "1.00", " ", "reason"),
    ],
)
def test_invalid_adjustment_names_the_field(kind, amount, reason, field, make_payable_affiliate, preparer):
    with pytest.raises(ValidationError) as error:
        propose(make_payable_affiliate(), preparer, amount, kind, reason)
    assert list(error.value.message_dict) == [field]
    assert not Adjustment.objects.exists()
