"""Removal of unpayable payouts from a batch."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from affiliates.errors import IllegalTransition
from audit.models import AuditRecord
from payouts.closing.close import close_month
from payouts.commissions import holds
from payouts.disbursement import approval, exports, payout_transitions
from payouts.errors import ApprovalVoided
from payouts.ledger import booking
from payouts.models import Account, LedgerTransaction
from payouts.payout_details import details
from tests.payouts.conftest import FEBRUARY, MARCH, build_url, read_text
from tests.payouts.test_batches import approve_batch, get_account_total, list_states

pytestmark = pytest.mark.django_db


def test_payout_with_changed_details_is_removed_and_rest_is_sent_with_new_digest(make_draft_batch, preparer, approver):
    batch = approve_batch(make_draft_batch(), preparer, approver)
    old_digest = batch.digest
    payout = batch.payouts.select_related("affiliate").get(amount="25.50")
    details.change_details(
        affiliate=payout.affiliate, method="paypal", account="new@example.com", holder="X", now=FEBRUARY, by=None
    )
    with pytest.raises(ApprovalVoided, match=r"1 payout was removed from the batch. .*details have changed"):
        exports.export(batch=batch, now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert (batch.state, batch.digest, list_states(batch)) == ("draft", "", ["cancelled", "draft"])
    payout.refresh_from_db()
    assert payout.failure == "The payout details have changed since the close."
    assert booking.get_balance(payout.affiliate) == Decimal("25.50")
    assert get_account_total(Account.PAYOUTS_IN_TRANSIT) == Decimal("-100.00")
    booked = LedgerTransaction.objects.get(source=f"payout:{payout.pk}:returned")
    assert (booked.kind, booked.memo) == ("payout cancelled", payout.reference)
    assert AuditRecord.objects.get(action="payout cancelled").reason == payout.failure

    approve_batch(batch, preparer, approver)
    assert batch.digest != old_digest
    [file] = exports.export(batch=batch, now=FEBRUARY, by=preparer)
    assert [row.split(",")[1] for row in exports.get_file_content(file).decode().splitlines()] == ["100.00"]
    assert list_states(batch) == ["cancelled", "sent"]


def test_batch_is_cancelled_once_every_payout_is_removed(make_draft_batch, preparer, approver):
    batch = approve_batch(make_draft_batch(), preparer, approver)
    for payout in batch.payouts.select_related("affiliate"):
        holds.hold_payouts(affiliate=payout.affiliate, source="staff", reason="Check.", now=FEBRUARY, by=approver)
    with pytest.raises(ApprovalVoided, match="2 payouts were removed from the batch"):
        exports.export(batch=batch, now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert (batch.state, list_states(batch)) == ("cancelled", ["cancelled", "cancelled"])
    with pytest.raises(IllegalTransition):
        payout_transitions.remove_unpayable(batch=batch, now=FEBRUARY, by=preparer)


def test_held_payout_must_be_removed_before_submission(make_draft_batch, preparer, approver):
    batch = make_draft_batch()
    payout = batch.payouts.select_related("affiliate").get(amount="100.00")
    affiliate = payout.affiliate
    with pytest.raises(ValidationError, match="can be sent"):
        payout_transitions.remove_unpayable(batch=batch, now=FEBRUARY, by=preparer)
    holds.hold_payouts(affiliate=affiliate, source="staff", reason="A court order.", now=FEBRUARY, by=approver)
    with pytest.raises(ValidationError, match=r"on hold.*Remove the unpayable"):
        approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    [removed] = payout_transitions.remove_unpayable(batch=batch, now=FEBRUARY, by=preparer)
    assert (removed.payout, removed.reason) == (payout, "The affiliate's payouts are on hold.")
    approve_batch(batch, preparer, approver)
    assert list_states(batch) == ["approved", "cancelled"]

    with pytest.raises(ValidationError, match="on hold"):
        payout_transitions.reissue(payout=payout, reason="Urgent.", now=FEBRUARY, by=preparer)
    holds.release_payouts(affiliate=affiliate, source="staff", now=FEBRUARY, by=approver)
    new = payout_transitions.reissue(payout=payout, reason="The order was lifted.", now=FEBRUARY, by=preparer)
    booked = LedgerTransaction.objects.get(source=f"payout:{new.pk}:issued")
    assert booked.memo == new.reference
    assert get_account_total(Account.PAYOUTS_IN_TRANSIT) == Decimal("-125.50")


def test_batch_that_cannot_be_sent_says_why_and_is_not_offered_for_submission(
    make_draft_batch, preparer, approver, sign_in_staff
):
    batch = make_draft_batch()
    first, second = batch.payouts.select_related("affiliate").order_by("amount")
    client, choice = sign_in_staff(preparer), "No payout of this batch can be sent now, so it cannot be submitted."
    assert "Submit these payouts" in read_text(client.get(build_url(batch, "submit")))
    holds.hold_payouts(affiliate=first.affiliate, source="staff", reason="Check.", now=FEBRUARY, by=approver)
    page = read_text(client.get(build_url(batch, "submit")))
    assert f"{first.affiliate}, 25.50 USD: The affiliate&#x27;s payouts are on hold." in page
    assert "Remove the unpayable payouts to submit the rest, or wait." in page
    assert 'name="confirmed"' not in page
    holds.hold_payouts(affiliate=second.affiliate, source="staff", reason="Check.", now=FEBRUARY, by=approver)
    with pytest.raises(ValidationError, match=choice):
        approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    assert choice in read_text(client.get(build_url(batch, "submit")))
    page = read_text(client.get(build_url(batch)))
    assert page.count("It can be sent once the hold is released.") == 2
    assert build_url(batch, "remove_unpayable") in page


def test_holding_a_payout_removes_it_from_the_batch(make_draft_batch, preparer, approver):
    batch = approve_batch(make_draft_batch(), preparer, approver)
    payout = batch.payouts.select_related("affiliate").get(amount="100.00")
    payout_transitions.hold(payout=payout, reason="Their bank has called.", now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert (batch.state, list_states(batch)) == ("draft", ["cancelled", "draft"])
    assert booking.get_balance(payout.affiliate) == Decimal("100.00")
    assert LedgerTransaction.objects.get(kind="payout cancelled").memo == payout.reference
    assert set(AuditRecord.objects.filter(reason="Their bank has called.").values_list("action", flat=True)) == {
        "payout cancelled", "payouts held",
    }  # fmt: skip
    # The next close pays the affiliate nothing either.
    close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    statement = payout.affiliate.statements.get(number=2)
    assert (statement.returned, statement.payout, statement.reasons) == (Decimal("100.00"), 0, ["payouts_held"])
