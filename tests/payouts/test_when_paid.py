"""The page of an order says when its money can be paid, and what it waits for:"""

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
APRIL = datetime(2026, 4, 3, 12, tzinfo=UTC)


@pytest.fixture
def seller(make_payable_affiliate):
    """Somebody whose coupon is MINE, in an opened program."""
    Program.current()
    Program.objects.update(opened_at=BEGIN)
    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="MINE", assigned_from=BEGIN, now=BEGIN, by=None)
    return affiliate


@pytest.fixture
def said_at(sign_in, seller):
    """What the page of an order says at a moment."""

    def read_at(at: datetime, order_id: str = "A1") -> str:
        client, pk = sign_in(seller), Order.objects.get(order_id=order_id).pk
        with time_machine.travel(at, tick=False):
            answer = client.get(reverse("payouts:order", args=[pk]))
        assert answer.status_code == 200
        return " ".join(re.sub(r"<[^>]+>", " ", read_text(answer)).split())

    return read_at


def sell(
    amount: str = "400.00",
    *,
    now: datetime = JANUARY,
    at: str = DONE,
    refunded: str = "0.00",
    order_id: str = "A1",
    **facts: object,
) -> None:
    """5.00 % of 400.00 is 20.00, above the minimum of 16.00."""
    row = build_snapshot(order_id, "MINE", ("home-decor", amount, refunded), **{"updated_at": at} | facts)
    [result] = ingest_orders(snapshots=[row], source="test", now=now)
    assert result.outcome in ("created", "updated"), result


def test_the_shop_has_not_reported_it_as_completed(said_at, seller):
    sell(status="paid")
    said = said_at(JANUARY)
    assert "Waiting for the shop to mark the order complete. clause 4.6" in said
    assert "The next one is the close of December 2025" not in said
    assert "The next one is the close of January 2026. It runs on 3 Feb 2026 ." in said


def test_it_is_pending_until_a_moment_and_posted_by_the_close_of_that_month(said_at):
    sell()
    assert (
        "The order is complete. The commission is validated on 1 Feb 2026, 12:00 UTC, and the close of February 2026, "
        "on 3 Mar 2026, posts it to your balance. clause 4.6"
    ) in said_at(JANUARY)


def test_it_is_validated_and_the_next_close_posts_it(said_at):
    sell()
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    said = said_at(FEBRUARY)
    assert "Validated; the close of February 2026, on 3 Mar 2026, posts it to your balance. clause 5.2" in said
    assert "Your balance will then be 20.00 USD, as of today. It will be paid out." in said


def test_the_close_is_late(said_at):
    sell()
    said = said_at(MARCH)
    assert "Validated; the close of January 2026, due now, posts it" not in said  # February's does
    close_month(month=date(2026, 1, 1), now=MARCH, by=None)
    said = said_at(MARCH)
    assert "Validated; the close of February 2026, due now, posts it to your balance. clause 5.2" in said
    assert "It is due now." in said


def test_the_program_is_not_open(said_at):
    Program.objects.update(opened_at=None)
    sell()
    said = said_at(JANUARY)
    assert "is validated on 1 Feb 2026, 12:00 UTC, and the close of February 2026 posts it to your balance." in said
    assert "It has no date yet, because the program is not open." in said


def test_a_review_holds_it(said_at, seller):
    sell()
    review = open_review(
        affiliate=seller, activity="spamming", summary="So.", commissions=Commission.objects.all(), now=JANUARY, by=None
    )
    said = said_at(JANUARY)
    assert (
        "On hold: Under review: Spamming, clause 6.1 of version 1. While it is on hold, a close posts only decreases. "
        "clause 8.2 See the review"
    ) in said
    assert "The commission is validated on 1 Feb 2026, 12:00 UTC at the earliest. clause 4.6" in said
    # Held is not about to be posted.
    assert "Validated;" not in said_at(MARCH)
    assert str(review.pk) in str(Commission.objects.get().holds.get().source)


def test_it_was_forfeited(said_at, seller):
    sell()
    Commission.objects.update(amount=0, forfeited_at=JANUARY, forfeit_reason="Spamming")
    assert "Forfeited on 20 Jan 2026, 12:00 UTC: Spamming clause 8.8" in said_at(FEBRUARY)


def test_the_balance_is_below_the_minimum(said_at):
    sell("100.00")
    said = said_at(JANUARY)
    # Nothing is validated by the close of January.
    assert "It rolls over to the next month, because: 16.00 USD more until the payout minimum. clause 5.4" in said
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    assert "11.00 USD more until the payout minimum. clause 5.4" in said_at(FEBRUARY)


def test_details_are_missing(said_at, seller):
    sell()
    seller.payout_details.all().delete()
    assert "Payout details are missing. clause 5.6" in said_at(JANUARY)


def test_details_are_on_hold(said_at, seller):
    sell()
    changed = datetime(2026, 1, 31, 12, tzinfo=UTC)
    details.change_details(affiliate=seller, method="paypal", account="n@example.com", holder="N", now=changed, by=None)
    said = "Your payout details were changed: they can be used from 7 Feb 2026, 12:00 UTC. clause 5.6"
    assert said in said_at(FEBRUARY - timedelta(days=1))
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    # By the next close the hold is over.
    assert said not in said_at(FEBRUARY)


def test_payouts_are_on_hold(said_at, seller):
    sell()
    holds.hold_payouts(affiliate=seller, source="staff", reason="We check your identity.", now=JANUARY, by=None)
    assert "Your payouts are on hold: We check your identity. clause 5.7" in said_at(JANUARY)


def test_they_are_suspended(said_at, seller):
    sell()
    suspension.suspend(affiliate=seller, reason="So.", now=JANUARY, by=None)
    assert "You are suspended: nothing is paid out meanwhile. clause 10.4" in said_at(JANUARY)


def closed(*, refunded_later: bool = False) -> None:
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    if refunded_later:
        row = build_snapshot("A1", "MINE", ("home-decor", "400.00", "100.00"), updated_at="2026-03-03T11:00:00Z")
        ingest_orders(snapshots=[row], source="test", now=MARCH)


def test_it_was_settled_and_then_refunded_in_part(said_at):
    sell()
    closed(refunded_later=True)
    said = said_at(MARCH)
    # 5.00 % of 300.00 is 15.00: 5.00 less than was posted.
    assert "The amount has changed since it was posted, and the close of March 2026, on 3 Apr 2026, posts the" in said
    assert "20.00 USD · statement of February 2026" in said
    assert "Your balance will then be -5.00 USD, as of today." in said
    assert "The balance is below zero; it is set off against what you earn later. clause 5.3" in said


def test_what_became_of_the_payout(said_at, preparer, approver):
    sell()
    closed()
    payout = Payout.objects.get()
    told = f"20.00 USD · statement of February 2026 . %s reference {payout.reference}"
    assert (told % "Its payout,") + ", is being prepared." in said_at(MARCH)
    batch = payout.batch
    approval.submit(batch=batch, now=MARCH, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, MARCH).digest, now=MARCH, by=approver)
    exports.export(batch=batch, now=MARCH, by=preparer)
    assert (told % "Its payout was sent on 3 Mar 2026,") + "." in said_at(MARCH)
    bank_results.import_results(content=build_results_file((payout, "paid", "20.00", "")), now=MARCH, by=preparer)
    said = said_at(MARCH)
    assert (told % "It was paid out on 3 Mar 2026,") + "." in said
    assert "Next payout" not in said
    bank_results.import_results(
        content=build_results_file((payout, "failed", "20.00", "closed")), now=MARCH, by=preparer
    )
    said = said_at(MARCH)
    assert f"Its payout, reference {payout.reference}, came back to your balance." in said
    assert "Your balance will then be 20.00 USD, as of today. It will be paid out." in said
    payout_transitions.reissue(payout=Payout.objects.get(), reason="So.", now=MARCH, by=approver)
    again = Payout.objects.get(replaces=payout)
    assert f"Its payout, reference {again.reference}, is being prepared." in said_at(MARCH)


def test_what_was_carried_over_and_paid_with_a_later_statement(said_at):
    sell("100.00")
    closed()
    said = said_at(MARCH)
    assert (
        "5.00 USD · statement of February 2026 . It was carried over with the balance, because: The balance is below the "
        "payout minimum. clause 5.4"
    ) in said
    assert "11.00 USD more until the payout minimum." in said
    sell("400.00", order_id="A2", at="2026-03-01T12:00:00Z", now=MARCH)
    close_month(month=date(2026, 3, 1), now=APRIL, by=None)
    reference = Payout.objects.get().reference
    said = said_at(APRIL)
    assert (
        f"It was carried over with the balance to March 2026. Its payout, reference {reference}, is being prepared."
        in said
    )
    assert "Next payout" not in said


def test_that_it_is_void_waits_for_nothing(said_at):
    sell(refunded="400.00")
    said = said_at(JANUARY)
    assert "400.00 paid, less 400.00 given back, is 0.00. clause 4.3" in said
    for word in ("Waiting for", "is validated", "Validated;", "posts it", "Next payout"):
        assert word not in said
    assert AgreementVersion.objects.count() == 1
