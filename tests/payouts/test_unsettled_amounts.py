"""The amounts of an affiliate that are not on a statement yet: due, pending and held."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from affiliates.models import Affiliate
from agreements.periods import build_period
from payouts.closing import verification
from payouts.closing.due_parts import get_due_parts
from payouts.closing.payout_forecast import UnsettledAmounts, get_unsettled_amounts
from payouts.commissions import holds
from payouts.models import ChangedCommission, Commission
from payouts.reporting.commission_list import filter_settlement, list_commissions, sum_commissions
from tests.scenarios import NOW, build_order, close_months, create_program, import_affiliates, parse_utc, send_orders

pytestmark = pytest.mark.django_db
MARCH, APRIL = (build_period(parse_utc(f"2026-{month}-01").date(), ZoneInfo("UTC")) for month in ("03", "04"))


@pytest.fixture
def affiliate_a(tmp_path) -> Affiliate:
    create_program()
    return import_affiliates(["A", "B"], tmp_path)["A"]


def read_amounts(affiliate: Affiliate) -> UnsettledAmounts:
    """Return the unsettled amounts for the close of March."""
    return get_unsettled_amounts(affiliate, MARCH)


def send_order(
    order_id: str, amount: str = "100.00", *, refunded: str = "0.00", completed: str | None, at: str, coupon: str = "A"
) -> None:
    """Send an order of home-decor, 5 %, placed on 10 January."""
    send_orders(
        build_order(order_id, ("home-decor", amount, refunded), completed=completed, at=at, coupon=coupon), now=NOW
    )


def hold(order_id: str) -> None:
    rows = list(Commission.objects.filter(order__order_id=order_id))
    holds.hold_commissions(commissions=rows, source="a review", reason="A review.", now=NOW, by=None)


def test_unsettled_amounts_are_zero_without_orders(affiliate_a):
    assert read_amounts(affiliate_a) == UnsettledAmounts(Decimal(0), Decimal(0), Decimal(0))


def test_each_commission_is_due_pending_or_held_and_counted_once(affiliate_a):
    early, late = "2026-01-15T00:00:00Z", "2026-03-20T00:00:00Z"
    send_order("settled", completed=early, at=early)  # validated on 14 February: on February's statement
    send_order("refunded", completed=early, at=early)
    send_order("held-and-refunded", completed=early, at=early)
    close_months("2026-01", "2026-02", now=NOW)
    send_order("refunded", refunded="40.00", completed=early, at=late)  # 5.00 posted, 3.00 earned: due is -2.00
    send_order("held-and-refunded", refunded="100.00", completed=early, at=late)
    hold("held-and-refunded")  # a decrease is posted, held or not: due is -5.00
    send_order("due", "300.00", completed="2026-02-20T00:00:00Z", at=late)  # validated on 22 March: 15.00
    send_order("pending", "60.00", completed=late, at=late)  # validated on 19 April: 3.00
    send_order("incomplete", "20.00", completed=None, at=late)  # 1.00, not completed
    send_order("cancelled", completed=None, at=late)
    send_orders(build_order("cancelled", status="cancelled", at="2026-03-21T00:00:00Z", coupon="A"), now=NOW)
    send_order("held", "80.00", completed="2026-02-20T00:00:00Z", at=late)  # 4.00
    hold("held")
    send_order("held-and-pending", "40.00", completed=late, at=late)  # 2.00
    hold("held-and-pending")
    send_order("other-affiliate", completed=late, at=late, coupon="B")
    amounts = read_amounts(affiliate_a)
    assert amounts == UnsettledAmounts(due=Decimal("8.00"), pending=Decimal("4.00"), held=Decimal("6.00"))
    parts = get_due_parts(affiliate_a, MARCH)
    assert parts.unsettled == amounts
    assert (parts.new, parts.changed, parts.has_more_orders) == (Decimal("15.00"), Decimal("-7.00"), False)
    assert {row.order_id: row.difference for row in parts.orders} == {
        "refunded": Decimal("-2.00"),
        "held-and-refunded": Decimal("-5.00"),
    }
    # Each figure is the sum of the list that it links to.
    rows = list_commissions(affiliate_a)
    assert sum_commissions(filter_settlement(rows, "next", MARCH.ends_at)).amount == parts.new
    assert sum_commissions(filter_settlement(rows, "later", MARCH.ends_at)).amount == amounts.pending


def test_close_settles_changes_and_deletes_their_marks_except_of_held_commissions(affiliate_a):
    early, late = "2026-01-15T00:00:00Z", "2026-03-20T00:00:00Z"
    for name in ("refunded", "held"):
        send_order(name, refunded="50.00", completed=early, at=early)
    close_months("2026-01", "2026-02", now=NOW)
    send_order("refunded", refunded="60.00", completed=early, at=late)  # 2.00 is earned of the 2.50 settled
    send_order("held", completed=early, at=late)  # 5.00 is earned of the 2.50 settled
    hold("held")
    assert get_due_parts(affiliate_a, MARCH).changed == Decimal("-0.50")
    assert list_marked() == ["held", "refunded"]
    close_months("2026-03", now=NOW)
    parts = get_due_parts(affiliate_a, APRIL)
    assert (parts.changed, parts.new, parts.unsettled.held) == (Decimal(0), Decimal(0), Decimal("2.50"))
    assert list_marked() == ["held"]
    holds.release_holds(source="a review", now=NOW, by=None)
    assert get_due_parts(affiliate_a, APRIL).changed == Decimal("2.50")


def test_verification_finds_a_changed_commission_without_a_mark(affiliate_a):
    early = "2026-01-15T00:00:00Z"
    send_order("refunded", completed=early, at=early)
    close_months("2026-01", "2026-02", now=NOW)
    send_order("refunded", refunded="10.00", completed=early, at="2026-03-20T00:00:00Z")
    assert list_findings() == []
    ChangedCommission.objects.all().delete()
    assert list_findings() == [
        "A: line 1 of order refunded earns 4.50, 5.00 is settled, and no mark says that it changed"
    ]


def list_marked() -> list[str]:
    marks = ChangedCommission.objects.order_by("commission__order__order_id")
    return list(marks.values_list("commission__order__order_id", flat=True).distinct())


def list_findings() -> list[str]:
    return [finding.first for finding in verification.check_invariants() if finding.violations]
