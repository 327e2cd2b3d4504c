"""The order page says when a commission can be paid and what it still needs."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from agreements.models import AgreementVersion, Program
from compliance.offboarding import suspension
from compliance.reviews.open_review import open_review
from payouts.closing.close import close_month
from payouts.commissions import holds
from payouts.disbursement import approval, bank_results, exports, payout_transitions
from payouts.models import Commission, Payout
from payouts.payout_details import details
from shops.intake import ingest_orders
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY, MARCH, build_results_file, build_snapshot, read_text
from tracking.links.coupons import assign_coupon
from tracking.models import Order

pytestmark = pytest.mark.django_db

DONE = "2026-01-02T12:00:00Z"  # + 30 days = 1 Feb 2026, 12:00: in February, closed on 3 March
# The heading of what the next close does with the order.
PAID = "When this order is paid"
APRIL = datetime(2026, 4, 3, 12, tzinfo=UTC)


@pytest.fixture
def seller(make_payable_affiliate):
    """Make an affiliate with the coupon code MINE in an open program."""
    Program.current()
    Program.objects.update(opened_at=BEGIN)
    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="MINE", assigned_from=BEGIN, now=BEGIN, by=None)
    return affiliate


@pytest.fixture
def read_order_page(sign_in, seller):
    """Return a function that reads the text of an order page at a given time."""

    def read_at(at: datetime, order_id: str = "A1") -> str:
        client, pk = sign_in(seller), Order.objects.get(order_id=order_id).pk
        with time_machine.travel(at, tick=False):
            answer = client.get(reverse("payouts:order", args=[pk]))
        assert answer.status_code == 200
        return " ".join(re.sub(r"<[^>]+>", " ", read_text(answer)).split())

    return read_at


def send_order(
    amount: str = "400.00",
    *,
    now: datetime = JANUARY,
    at: str = DONE,
    refunded: str = "0.00",
    order_id: str = "A1",
    **values: object,
) -> None:
    """Send an order; 5.00 % of 400.00 is 20.00, above the payout threshold of 16.00."""
    row = build_snapshot(order_id, "MINE", ("home-decor", amount, refunded), **{"updated_at": at} | values)
    [result] = ingest_orders(snapshots=[row], source="test", now=now)
    assert result.outcome in ("created", "updated"), result


def test_order_waits_for_completion(read_order_page, seller):
    send_order(status="paid")
    content = read_order_page(JANUARY)
    text = "Waiting for the shop to mark the order complete. The commission is validated 30 days after that. "
    text += "The close of that month adds it to your balance. clause 4.6"
    assert text in content
    assert PAID not in content


def test_pending_commission_shows_validation_time_and_close(read_order_page):
    send_order()
    assert (
        "The order is complete. The commission is validated on 1 Feb 2026, 12:00 UTC. It will be added to your balance "
        "when February 2026 is closed (on 3 Mar 2026). clause 4.6"
    ) in read_order_page(JANUARY)


def test_validated_commission_is_posted_by_next_close(read_order_page):
    send_order()
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    content = read_order_page(FEBRUARY)
    text = "Validated. It will be added to your balance when February 2026 is closed (on 3 Mar 2026). clause 5.2"
    assert text in content
    assert (
        "The next close, that of February 2026, counts 20.00 USD of this order in your balance. It runs on 3 Mar 2026 . "
        "As of today, this close pays out your whole balance, 20.00 USD."
    ) in content


@pytest.mark.parametrize("state", ["pending", "held"])
def test_order_that_next_close_leaves_out_shows_nothing_of_the_balance(state, read_order_page, seller, grant):
    """The balance of 50.00 is paid by the close of January; nothing of this order is."""
    grant(seller, "50.00")
    send_order()
    if state == "held":
        holds.hold_commissions(commissions=Commission.objects.all(), source="x", reason="So", now=JANUARY, by=None)
    seller.payout_details.all().delete()
    content = read_order_page(JANUARY if state == "pending" else MARCH)
    for text in (PAID, "50.00 USD", "Payout details are missing", "pays out", "if it is positive"):
        assert text not in content, text


def test_overdue_close_is_announced_for_any_moment(read_order_page):
    send_order()
    content = read_order_page(MARCH)
    assert "added to your balance when January 2026 is closed" not in content  # February's does
    close_month(month=date(2026, 1, 1), now=MARCH, by=None)
    content = read_order_page(MARCH)
    assert "Validated. It will be added to your balance when February 2026 is closed (due now). clause 5.2" in content
    assert "It is due now." in content


def test_close_has_no_date_before_program_opens(read_order_page):
    send_order()
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    Program.objects.update(opened_at=None)
    content = read_order_page(FEBRUARY - timedelta(days=4))
    assert "on 1 Feb 2026, 12:00 UTC. It will be added to your balance when February 2026 is closed." in content
    assert "It has no date yet, because the program is not open." in content


def test_commission_held_by_review_links_to_it(read_order_page, seller):
    send_order()
    review = open_review(
        affiliate=seller, activity="spamming", summary="So.", commissions=Commission.objects.all(), now=JANUARY, by=None
    )
    content = read_order_page(JANUARY)
    assert (
        "On hold: Under review: Spamming, clause 6.1 of version 1. Until the hold ends, nothing is added to your "
        "balance; reductions are still deducted. clause 8.2 See the review"
    ) in content
    assert "The commission is validated on 1 Feb 2026, 12:00 UTC at the earliest. clause 4.6" in content
    # A held commission is not about to be posted.
    assert "Validated." not in read_order_page(MARCH)
    assert str(review.pk) in str(Commission.objects.get().holds.get().source)


def test_forfeited_commission_shows_time_and_reason(read_order_page, seller):
    send_order()
    Commission.objects.update(amount=0, forfeited_at=JANUARY, forfeit_reason="Spamming")
    assert "Forfeited on 20 Jan 2026, 12:00 UTC: Spamming clause 8.8" in read_order_page(FEBRUARY)


def test_balance_below_threshold_shows_missing_amount(read_order_page):
    send_order("100.00")
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    assert (
        "As of today, this close does not pay out your balance, 5.00 USD, because: "
        "11.00 USD more to reach the payout threshold. clause 5.4"
    ) in read_order_page(FEBRUARY)


def test_missing_payout_details_are_named(read_due_order, seller):
    seller.payout_details.all().delete()
    assert "Payout details are missing. clause 5.6" in read_due_order()


def test_hold_on_changed_payout_details_shows_its_end(read_order_page, read_due_order, seller):
    changed = MARCH - timedelta(days=1)
    details.change_details(affiliate=seller, method="paypal", account="n@example.com", holder="N", now=changed, by=None)
    expected = "Your payout details were changed. They can be used from 9 Mar 2026, 12:00 UTC. clause 5.6"
    assert expected in read_due_order()
    close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    # By the next close the hold is over.
    content = read_order_page(MARCH)
    assert expected not in content
    assert "counts 20.00 USD of this order" in content


def test_payout_hold_shows_its_reason(read_due_order, seller):
    holds.hold_payouts(affiliate=seller, source="staff", reason="We check your identity.", now=JANUARY, by=None)
    assert "Your payouts are on hold: We check your identity. clause 5.7" in read_due_order()


def test_suspension_is_named(read_due_order, seller):
    suspension.suspend(affiliate=seller, reason="So.", now=MARCH - timedelta(days=1), by=None)
    assert "You are suspended. Nothing is paid out until you are reinstated. clause 10.4" in read_due_order()


@pytest.fixture
def read_due_order(read_order_page):
    """Return a function that reads the page of an order which the close of February counts, shortly before it."""

    def read() -> str:
        send_order()
        close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
        return read_order_page(MARCH - timedelta(hours=20))

    return read


def close_january_and_february(*, refunded_later: bool = False) -> None:
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    if refunded_later:
        row = build_snapshot("A1", "MINE", ("home-decor", "400.00", "100.00"), updated_at="2026-03-03T11:00:00Z")
        ingest_orders(snapshots=[row], source="test", now=MARCH)


def test_refund_after_settlement_shows_decrease_and_negative_balance(read_order_page):
    send_order()
    close_january_and_february(refunded_later=True)
    content = read_order_page(MARCH)
    # 5.00 % of 300.00 is 15.00: 5.00 less than was posted.
    assert (
        "Changed from 20.00 USD to 15.00 USD after it was settled, as of 3 Mar 2026, 11:00 UTC. The difference, "
        "-5.00 USD, is posted to your balance when March 2026 is closed (on 3 Apr 2026). clause 5.2"
    ) in content
    assert "20.00 USD · statement of February 2026" in content
    assert "counts -5.00 USD of this order in your balance." in content
    assert "The balance is negative; it is offset against your future commissions. clause 5.3" in content


def test_settled_line_shows_state_of_its_payout(read_order_page, preparer, approver):
    send_order()
    close_january_and_february()
    payout = Payout.objects.get()
    line = f"20.00 USD · statement of February 2026 . %s reference {payout.reference}"
    assert (line % "The payout,") + ", is being prepared." in read_order_page(MARCH)
    batch = payout.batch
    approval.submit(batch=batch, now=MARCH, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, MARCH).digest, now=MARCH, by=approver)
    exports.export(batch=batch, now=MARCH, by=preparer)
    assert (line % "The payout was sent on 3 Mar 2026,") + "." in read_order_page(MARCH)
    bank_results.import_results(content=build_results_file((payout, "paid", "20.00", "")), now=MARCH, by=preparer)
    content = read_order_page(MARCH)
    assert (line % "It was paid out on 3 Mar 2026,") + "." in content
    assert PAID not in content
    bank_results.import_results(
        content=build_results_file((payout, "failed", "20.00", "closed")), now=MARCH, by=preparer
    )
    content = read_order_page(MARCH)
    assert f"The payout, reference {payout.reference}, was returned to your balance." in content
    assert "As of today, this close pays out your whole balance, 20.00 USD." in content
    payout_transitions.reissue(payout=Payout.objects.get(), reason="So.", now=MARCH, by=approver)
    retry = Payout.objects.get(replaces=payout)
    assert f"The payout, reference {retry.reference}, is being prepared." in read_order_page(MARCH)


def test_settled_line_says_that_a_payout_to_the_old_account_is_not_sent(read_order_page, seller):
    """The new account of 3 March is held until 10 March, so the close of 3 April can pay to it."""
    send_order()
    close_january_and_february()
    details.change_details(
        affiliate=seller, method="paypal", account="n@example.com", holder="N", now=MARCH + timedelta(hours=1), by=None
    )
    content = read_order_page(MARCH + timedelta(days=1))
    reference = Payout.objects.get().reference
    assert f"The payout, reference {reference}, was prepared. You changed your payout details, so it" in content
    assert "The first close that can pay to the new account is that on 3 Apr 2026." in content
    assert "is being prepared" not in content


def test_carried_over_line_shows_reason_and_later_payout(read_order_page):
    send_order("100.00")
    close_january_and_february()
    content = read_order_page(MARCH)
    assert (
        "5.00 USD · statement of February 2026 . Carried over, because: The balance is below the payout "
        "threshold. clause 5.4"
    ) in content
    assert "11.00 USD more to reach the payout threshold." in content
    send_order("400.00", order_id="A2", at="2026-03-01T12:00:00Z", now=MARCH)
    close_month(month=date(2026, 3, 1), now=APRIL, by=None)
    reference = Payout.objects.get().reference
    content = read_order_page(APRIL)
    assert f"Carried over to March 2026. The payout, reference {reference}, is being prepared." in content
    assert PAID not in content


def test_reversed_commission_shows_no_payment_date(read_order_page):
    send_order(refunded="400.00")
    content = read_order_page(JANUARY)
    assert "400.00 paid less 400.00 refunded is 0.00. clause 4.3" in content
    for word in ("Waiting for", "is validated", "Validated.", "added to your balance", PAID):
        assert word not in content
    assert AgreementVersion.objects.count() == 1
