"""Small orders with figures computed by hand.

The rate of home-decor is 5.00 %, of jewelry-accessories 8.50 %, of unlisted categories 3.00 %. Commissions validate 30 days
after completion. The payout threshold is 16.00.
"""

from decimal import Decimal

import pytest

from mail.models import Message
from payouts.closing import verification
from payouts.closing.open_program import open_program
from payouts.closing.replay import replay
from payouts.models import Close, Commission, Payout, Statement
from tests.scenarios import (
    build_line,
    build_order,
    close_months,
    create_program,
    get_statement_figures,
    import_affiliates,
    list_rollup_differences,
    parse_utc,
    send_orders,
)

pytestmark = pytest.mark.django_db

PAID = "2026-01-10T12:00:00Z"
DONE = "2026-01-12T12:00:00Z"  # + 30 days = 2026-02-11: settled by the close of February
LATER = "2026-03-05T12:00:00Z"


@pytest.fixture(autouse=True)
def _program(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN", "CAT"], tmp_path)
    yield
    assert [finding for finding in verification.check_invariants() if finding.violations] == []
    assert [difference for close in Close.objects.all() for difference in replay(close)] == []
    assert list_rollup_differences() == []


def complete(
    order_id: str,
    *lines: tuple[str, str] | tuple[str, str, str],
    at: str = DONE,
    done: str = DONE,
    coupon: str = "ANN",
    **other,
):
    [result] = send_orders(build_order(order_id, *lines, at=at, completed=done, coupon=coupon, **other))
    return result


def test_order_cancelled_before_completion_earns_nothing():
    send_orders(build_order("A1", ("home-decor", "400.00"), coupon="ANN"))
    [result] = send_orders(build_order("A1", ("home-decor", "400.00"), at=DONE, status="cancelled", coupon="ANN"))
    assert (result.outcome, result.commission) == ("updated", "0.00")
    close_months("2026-01", "2026-02")
    assert not Statement.objects.exists()


def test_cancellation_after_payout_leaves_negative_balance():
    complete("A1", ("home-decor", "400.00"))
    close_months("2026-01", "2026-02")
    assert get_statement_figures("ANN", "2026-02") == ["0.00", "20.00", "0.00", "0.00", "20.00", "0.00", ""]
    send_orders(build_order("A1", ("home-decor", "400.00"), at=LATER, status="cancelled", completed=DONE, coupon="ANN"))
    close_months("2026-03")
    assert get_statement_figures("ANN", "2026-03") == [
        "0.00",
        "-20.00",
        "0.00",
        "0.00",
        "0.00",
        "-20.00",
        "negative_balance",
    ]


def test_full_refund_before_settlement_earns_nothing():
    complete("A1", ("home-decor", "400.00", "400.00"))
    close_months("2026-01", "2026-02")
    assert Commission.objects.get().amount == 0
    assert not Statement.objects.exists()


def test_partial_refund_before_settlement_reduces_commission():
    # 400.00 - 33.33 = 366.67; x 5 % = 18.3335 -> 18.33
    assert complete("A1", ("home-decor", "400.00", "33.33")).commission == "18.33"
    close_months("2026-01", "2026-02")
    assert get_statement_figures("ANN", "2026-02") == ["0.00", "18.33", "0.00", "0.00", "18.33", "0.00", ""]


def test_partial_then_full_refund_after_payout_is_deducted():
    complete("A1", ("home-decor", "400.00"), ("jewelry-accessories", "10.10"))
    close_months("2026-01", "2026-02")
    # 20.00 + 10.10 x 8.5 % = 0.8585 -> 0.86
    assert get_statement_figures("ANN", "2026-02") == ["0.00", "20.86", "0.00", "0.00", "20.86", "0.00", ""]
    complete("A1", ("home-decor", "400.00", "100.00"), ("jewelry-accessories", "10.10"), at=LATER)
    close_months("2026-03")
    assert get_statement_figures("ANN", "2026-03") == [
        "0.00",
        "-5.00",
        "0.00",
        "0.00",
        "0.00",
        "-5.00",
        "negative_balance",
    ]
    complete(
        "A1", ("home-decor", "400.00", "400.00"), ("jewelry-accessories", "10.10", "10.10"), at="2026-04-05T12:00:00Z"
    )
    close_months("2026-04")
    # the rest of it: -15.00 - 0.86
    assert get_statement_figures("ANN", "2026-04") == [
        "-5.00",
        "-15.86",
        "0.00",
        "0.00",
        "0.00",
        "-20.86",
        "negative_balance",
    ]


def test_negative_balance_is_offset_against_later_commissions():
    complete("A1", ("home-decor", "400.00"))
    close_months("2026-01", "2026-02")
    complete("A1", ("home-decor", "400.00", "400.00"), at=LATER)
    complete("A2", ("home-decor", "800.00"), at="2026-03-06T12:00:00Z", done="2026-03-06T12:00:00Z", placed=PAID)
    close_months("2026-03", "2026-04")
    assert get_statement_figures("ANN", "2026-03")[-2:] == ["-20.00", "negative_balance"]
    # -20.00 + 40.00
    assert get_statement_figures("ANN", "2026-04") == ["-20.00", "40.00", "0.00", "0.00", "20.00", "0.00", ""]


def test_unknown_category_earns_rate_for_everything_else():
    # 100.17 x 3 % = 3.0051 -> 3.01
    assert complete("A1", ("vintage-robots", "100.17")).commission == "3.01"
    assert "everything else" in Commission.objects.get().steps[0]["text"]


def test_removed_line_is_deducted_and_credited_when_it_returns():
    complete("A1", ("home-decor", "400.00"), ("jewelry-accessories", "100.00"))  # 20.00 + 8.50
    close_months("2026-01", "2026-02")
    assert get_statement_figures("ANN", "2026-02")[1] == "28.50"
    rest = [build_line("2", "jewelry-accessories", "100.00")]
    send_orders(build_order("A1", at=LATER, completed=DONE, coupon="ANN", lines=rest))
    close_months("2026-03")
    assert get_statement_figures("ANN", "2026-03")[1] == "-20.00"
    complete("A1", ("home-decor", "400.00"), ("jewelry-accessories", "100.00"), at="2026-04-05T12:00:00Z")
    close_months("2026-04")
    assert get_statement_figures("ANN", "2026-04") == ["-20.00", "20.00", "0.00", "0.00", "0.00", "0.00", "nothing_due"]


def test_balance_below_threshold_is_carried_over_and_at_threshold_is_paid():
    complete("A1", ("home-decor", "319.80"), coupon="ANN")  # 15.99
    complete("B1", ("home-decor", "320.00"), coupon="BEN")  # 16.00
    close_months("2026-01", "2026-02")
    assert get_statement_figures("ANN", "2026-02") == [
        "0.00",
        "15.99",
        "0.00",
        "0.00",
        "0.00",
        "15.99",
        "below_minimum",
    ]
    assert get_statement_figures("BEN", "2026-02") == ["0.00", "16.00", "0.00", "0.00", "16.00", "0.00", ""]
    assert [str(payout.amount) for payout in Payout.objects.all()] == ["16.00"]


def test_carried_balance_is_paid_when_it_reaches_threshold():
    complete("A1", ("home-decor", "319.80"))  # 15.99
    complete("A2", ("home-decor", "0.20"), at=LATER, done="2026-02-20T12:00:00Z")  # 0.01, validated 2026-03-22
    close_months("2026-01", "2026-02", "2026-03")
    assert get_statement_figures("ANN", "2026-03") == ["15.99", "0.01", "0.00", "0.00", "16.00", "0.00", ""]


def test_order_validated_exactly_at_month_end_is_settled_by_next_close():
    complete("A1", ("home-decor", "400.00"), done="2026-01-30T00:00:00Z", at="2026-01-30T00:00:00Z")  # + 30 d = 1 March
    complete(
        "B1", ("home-decor", "400.00"), done="2026-01-29T23:59:59.999999Z", at="2026-01-30T00:00:00Z", coupon="BEN"
    )
    close_months("2026-01", "2026-02")
    assert not Statement.objects.filter(affiliate__code="ANN").exists()
    assert get_statement_figures("BEN", "2026-02")[1] == "20.00"
    close_months("2026-03")
    assert get_statement_figures("ANN", "2026-03")[1] == "20.00"


def test_month_without_events_carries_balance_over():
    complete("A1", ("home-decor", "100.00"))  # 5.00
    close_months("2026-01", "2026-02", "2026-03")
    assert get_statement_figures("ANN", "2026-03") == ["5.00", "0.00", "0.00", "0.00", "0.00", "5.00", "below_minimum"]
    assert not Statement.objects.exclude(affiliate__code="ANN").exists()


def test_half_cent_is_rounded_up_once_per_line():
    # 0.10 x 5 % = 0.005 -> 0.01, twice; in one line it would be 0.20 x 5 % = 0.01
    assert complete("A1", ("home-decor", "0.10"), ("home-decor", "0.10")).commission == "0.02"


def test_order_without_attribution_has_zero_base():
    complete("A1", ("home-decor", "0.01"))
    assert (Commission.objects.get().base, Commission.objects.get().amount) == (Decimal("0.01"), 0)
    complete("A1", ("home-decor", "0.01"), at=LATER, coupon="UNKNOWN")
    assert (Commission.objects.get().base, Commission.objects.get().amount) == (0, 0)


def test_corrected_category_changes_rate():
    open_program(now=parse_utc("2026-01-05"), by=None)
    complete("A1", ("jewelry-accessories", "100.00"))
    assert Message.objects.filter(kind="first_commission").count() == 1
    complete("A1", ("home-decor", "100.00"), at=LATER)
    commission = Commission.objects.get()
    assert (commission.category, commission.rate, commission.amount) == ("home-decor", Decimal("5.00"), Decimal("5.00"))
    assert "Home decor, 5.00 %" in commission.steps[0]["text"]
