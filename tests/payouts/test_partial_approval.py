"""Approval of what can be sent, and the return of a batch to its preparer with a note."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from audit.models import AuditRecord
from mail.models import Message
from mail.rendering import render
from payouts.admin.payouts import describe_next_step
from payouts.commissions import holds
from payouts.disbursement import approval, exports, partial_approval
from payouts.errors import SecondApprovalRequired
from payouts.models import PayoutBatch
from tests.payouts.conftest import FEBRUARY, build_url, read_text
from tests.payouts.test_batches import list_states

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(make_draft_batch, preparer, approver):
    """Return a submitted batch of 100.00 and 25.50, of which the payee of 25.50 was put on hold afterwards."""
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    payout = batch.payouts.select_related("affiliate").get(amount="25.50")
    holds.hold_payouts(affiliate=payout.affiliate, source="staff", reason="Check.", now=FEBRUARY, by=approver)
    return batch


def select_payable(batch):
    return partial_approval.select_payable(approval.summarize_batch(batch, FEBRUARY))


def test_payable_payouts_are_approved_and_the_others_wait_as_drafts(batch, preparer, approver):
    payable = select_payable(batch)
    assert (payable.total, [row.amount for row in payable.payouts]) == (Decimal("100.00"), [Decimal("100.00")])
    rest = partial_approval.approve_payable(batch=batch, digest=payable.digest, now=FEBRUARY, by=approver)
    batch.refresh_from_db()
    assert (batch.state, batch.digest, list_states(batch)) == ("approved", payable.digest, ["approved"])
    assert (rest.state, rest.close, list_states(rest)) == ("draft", batch.close, ["draft"])
    record = AuditRecord.objects.get(action="payout batch split")
    assert (record.by, record.reason) == (
        approver,
        f"{rest.payouts.get().reference}: The affiliate's payouts are on hold.",
    )
    [file] = exports.export(batch=batch, now=FEBRUARY, by=preparer)
    assert file.total == Decimal("100.00")
    waiting = rest.payouts.select_related("batch").get()
    assert f">{rest.name}</a> waits to be submitted" in describe_next_step(waiting)
    assert "It cannot be sent now: The affiliate&#x27;s payouts are on hold." in describe_next_step(waiting)
    assert "waits for the results of the bank or provider." in describe_next_step(batch.payouts.get())
    # Released, the rest goes the usual way.
    holds.release_payouts(affiliate=rest.payouts.get().affiliate, source="staff", now=FEBRUARY, by=approver)
    approval.submit(batch=rest, now=FEBRUARY, by=preparer)
    digest = approval.summarize_batch(rest, FEBRUARY).digest
    approval.approve(batch=rest, digest=digest, now=FEBRUARY, by=approver)
    assert list_states(rest) == ["approved"]


def test_submitter_cannot_approve_the_payable_ones(batch, preparer):
    with pytest.raises(SecondApprovalRequired):
        partial_approval.approve_payable(batch=batch, digest=select_payable(batch).digest, now=FEBRUARY, by=preparer)
    assert (PayoutBatch.objects.count(), list_states(batch)) == (1, ["submitted", "submitted"])


def test_other_list_than_shown_is_not_approved(batch, approver):
    whole = approval.summarize_batch(batch, FEBRUARY).digest
    for digest in (whole, "0" * 64):
        with pytest.raises(ValidationError, match="have changed since you opened this page"):
            partial_approval.approve_payable(batch=batch, digest=digest, now=FEBRUARY, by=approver)
    payable = select_payable(batch)
    other = batch.payouts.select_related("affiliate").get(amount="100.00")
    holds.hold_payouts(affiliate=other.affiliate, source="staff", reason="Too.", now=FEBRUARY, by=approver)
    with pytest.raises(ValidationError, match="have changed since you opened this page"):
        partial_approval.approve_payable(batch=batch, digest=payable.digest, now=FEBRUARY, by=approver)
    assert (PayoutBatch.objects.count(), list_states(batch)) == (1, ["submitted", "submitted"])


def test_page_offers_the_others_and_the_return_to_the_preparer(batch, approver, sign_in_staff):
    client = sign_in_staff(approver)
    page = read_text(client.get(build_url(batch, "approve")))
    assert "1 payout of 100.00 USD" in page
    assert "These payouts cannot be sent now: 25.50 USD" in page
    assert "The affiliate&#x27;s payouts are on hold. It can be sent once the hold is released." in page
    assert "You can approve the others, 100.00 USD" in page
    assert "Approve the other payout" in page
    assert "Return all of them to the preparer with a note" in page
    client.post(build_url(batch, "approve"), {"digest": select_payable(batch).digest, "payable": "1"})
    batch.refresh_from_db()
    assert batch.state == "approved"


def test_preparer_gets_the_note_by_email(batch, preparer, approver, sign_in_staff):
    client = sign_in_staff(approver)
    note = "Anna's account is new. Ask her first."
    client.post(build_url(batch, "return_to_draft"), {"confirmed": "1", "reason": note})
    batch.refresh_from_db()
    assert batch.state == "draft"
    message = Message.objects.get(kind="payouts_returned")
    assert (message.to, message.user) == (preparer.email, preparer)
    mail = render(kind=message.kind, context=message.context)
    assert note in mail.text
    assert f"/admin/payouts/payoutbatch/{batch.pk}/change/" in mail.text


def test_preparer_who_takes_a_batch_back_gets_no_email(batch, preparer):
    approval.return_to_draft(batch=batch, reason="Too early.", now=FEBRUARY, by=preparer)
    assert not Message.objects.filter(kind="payouts_returned").exists()
