"""Forfeited and held commissions when the order changes or goes to another affiliate."""

from datetime import timedelta

import pytest

from audit.models import AuditRecord
from payouts.closing import verification
from payouts.closing.replay import replay
from payouts.commissions import forfeiture, holds
from payouts.models import Commission, CommissionHold
from tests.scenarios import (
    NOW,
    build_order,
    close_months,
    create_program,
    get_statement_figures,
    import_affiliates,
    send_orders,
)

pytestmark = pytest.mark.django_db
PLACED = {"placed": "2026-01-10T08:00:00Z", "completed": "2026-01-11T08:00:00Z"}


@pytest.fixture
def _forfeited(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN"], tmp_path)
    send_orders(build_order("A1", ("home-decor", "400.00"), at="2026-01-11T09:00:00Z", coupon="ANN", **PLACED))
    send_orders(build_order("A2", ("home-decor", "10.00"), at="2026-01-11T09:00:00Z", coupon="ANN", **PLACED))
    forfeiture.forfeit(commissions=Commission.objects.all(), reason="clause 6.2", now=NOW, by=None)


def resend_order(coupon: str) -> Commission:
    send_orders(build_order("A1", ("home-decor", "300.00"), at="2026-01-12T09:00:00Z", coupon=coupon, **PLACED))
    return Commission.objects.get(order__order_id="A1")


@pytest.mark.usefixtures("_forfeited")
def test_forfeited_commission_stays_zero_after_new_snapshot():
    commission = resend_order("ANN")
    assert (str(commission.base), str(commission.amount), commission.forfeit_reason) == ("300.00", "0.00", "clause 6.2")
    assert not AuditRecord.objects.filter(action="commission restored").exists()


@pytest.mark.usefixtures("_forfeited")
def test_forfeited_commission_is_restored_when_order_goes_to_another_affiliate():
    commission = resend_order("BEN")
    assert (commission.affiliate.code, str(commission.amount)) == ("BEN", "15.00")
    assert (commission.forfeited_at, commission.forfeit_reason) == (None, "")
    assert AuditRecord.objects.get(action="commission restored").subject_id == str(commission.pk)
    [_january, february] = close_months("2026-01", "2026-02")
    assert get_statement_figures("BEN", "2026-02")[:6] == ["0.00", "15.00", "0.00", "0.00", "0.00", "15.00"]
    assert list(replay(february)) == []
    assert [finding for finding in verification.check_invariants() if finding.violations] == []


def test_hold_is_released_when_order_goes_to_another_affiliate(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN"], tmp_path)
    for name in ("A1", "A2"):
        send_orders(build_order(name, ("home-decor", "400.00"), at="2026-01-11T09:00:00Z", coupon="ANN", **PLACED))
    holds.hold_commissions(
        commissions=Commission.objects.all(), source="review:1", reason="A review.", now=NOW, by=None
    )
    holds.release_holds(source="review:1", now=NOW, by=None)
    holds.hold_commissions(commissions=Commission.objects.all(), source="review:2", reason="Another.", now=NOW, by=None)
    assert resend_order("ANN").holds.get(source="review:2").released_at is None
    later = NOW + timedelta(days=1)
    sent = build_order("A1", ("home-decor", "300.00"), at="2026-01-13T09:00:00Z", coupon="BEN", **PLACED)
    send_orders(sent, now=later)
    held = {(hold.source, hold.commission.order.order_id): hold.released_at for hold in CommissionHold.objects.all()}
    assert held == {
        ("review:1", "A1"): NOW, ("review:1", "A2"): NOW, ("review:2", "A1"): later, ("review:2", "A2"): None,
    }  # fmt: skip
    assert not AuditRecord.objects.filter(action="commission restored").exists()


def test_commission_becomes_zero_when_order_loses_attribution(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    lines = [("home-decor", "0.01"), ("home-decor", "1.00"), ("home-decor", "300.00")]
    for name in ("A1", "A2"):
        send_orders(build_order(name, *lines, at="2026-01-11T09:00:00Z", coupon="ANN", **PLACED))
    send_orders(build_order("A1", *lines, at="2026-01-12T09:00:00Z", coupon="UNKNOWN", **PLACED))
    rows = Commission.objects.order_by("order__order_id", "line__position").values_list(
        "base", "amount", "validates_at"
    )
    assert [(str(base), str(amount), validated is None) for base, amount, validated in rows] == [
        ("0.00", "0.00", True), ("0.00", "0.00", True), ("0.00", "0.00", True),
        ("0.01", "0.00", False), ("1.00", "0.05", False), ("300.00", "15.00", False),
    ]  # fmt: skip
