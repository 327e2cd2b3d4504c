"""Results of payouts: imported lines, failed and returned payouts, reissues, e-mails."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from affiliates.errors import IllegalTransition
from mail.models import Message
from mail.rendering import render
from payouts.disbursement import bank_results, exports, payout_transitions
from payouts.ledger import booking
from payouts.models import Account
from payouts.payout_details import details
from tests.payouts.conftest import FEBRUARY, build_results_file, close_and_get_batch
from tests.payouts.test_batches import LATER, approve_batch, get_account_total

pytestmark = pytest.mark.django_db


def test_failed_payout_returns_to_balance_and_is_reissued_once(make_sent_batch, preparer, approver):
    batch = make_sent_batch()
    failed = batch.payouts.select_related("affiliate").get(amount="100.00")
    lines = bank_results.import_results(
        content=build_results_file((failed, "failed", "100.00", "account closed")), now=LATER, by=preparer
    )
    assert [line.effect for line in lines] == ["failed"]
    failed.refresh_from_db()
    assert (failed.state, failed.failure, failed.returned_at) == ("failed", "account closed", LATER)
    assert booking.get_balance(failed.affiliate) == Decimal("100.00")
    assert get_account_total(Account.PAYOUTS_IN_TRANSIT) == Decimal("-25.50")
    mail = Message.objects.get(kind="payout_failed")
    assert mail.context["reason"] == "account closed"
    assert mail.context["clause"] == "5.8 of version 1"

    new = payout_transitions.reissue(payout=failed, reason="The affiliate has called.", now=LATER, by=preparer)
    assert new.reference != failed.reference
    assert (new.state, new.amount, new.batch.close, new.statement) == ("draft", Decimal("100.00"), None, None)
    assert booking.get_balance(failed.affiliate) == 0
    assert get_account_total(Account.PAYOUTS_IN_TRANSIT) == Decimal("-125.50")
    with pytest.raises(ValidationError, match="paid again already"):
        payout_transitions.reissue(payout=failed, reason="Again.", now=LATER, by=preparer)
    approve_batch(new.batch, preparer, approver)
    exports.export(batch=new.batch, now=LATER, by=preparer)
    bank_results.mark_paid(batch=new.batch, now=LATER, by=preparer)
    assert get_account_total(Account.CASH) == Decimal("-100.00")


def test_close_pays_failed_payout_that_was_not_reissued(make_sent_batch, preparer):
    batch = make_sent_batch()
    failed = batch.payouts.select_related("affiliate").get(amount="25.50")
    bank_results.import_results(
        content=build_results_file((failed, "failed", "25.50", "refused")), now=LATER, by=preparer
    )
    next_batch = close_and_get_batch(date(2026, 2, 1), FEBRUARY + timedelta(days=29))
    [again] = next_batch.payouts.all()
    assert (again.amount, again.statement and again.statement.returned, again.affiliate) == (
        Decimal("25.50"),
        Decimal("25.50"),
        failed.affiliate,
    )
    failed.refresh_from_db()
    with pytest.raises(ValidationError, match="on a statement"):
        payout_transitions.reissue(payout=failed, reason="Too late.", now=LATER, by=preparer)


def test_returned_payout_is_booked_from_cash_once(make_sent_batch, preparer):
    batch = make_sent_batch()
    bank_results.mark_paid(batch=batch, now=LATER, by=preparer)
    payout = batch.payouts.select_related("affiliate").get(amount="100.00")
    file = build_results_file((payout, "failed", "100.00", "returned by the bank"))
    assert [line.effect for line in bank_results.import_results(content=file, now=LATER, by=preparer)] == ["returned"]
    assert [line.effect for line in bank_results.import_results(content=file, now=LATER, by=preparer)] == ["unchanged"]
    older = build_results_file((payout, "paid", "100.00", ""))
    assert [line.effect for line in bank_results.import_results(content=older, now=LATER, by=preparer)] == ["unchanged"]
    assert get_account_total(Account.CASH) == Decimal("-25.50")
    assert get_account_total(Account.PAYOUTS_IN_TRANSIT) == 0
    assert booking.get_balance(payout.affiliate) == Decimal("100.00")
    with pytest.raises(IllegalTransition):
        payout_transitions.fail(payout=payout, reason="twice", now=LATER, by=preparer)


def test_payout_is_not_reissued_while_details_are_held(make_sent_batch, preparer):
    batch = make_sent_batch()
    failed = batch.payouts.select_related("affiliate")[0]
    payout_transitions.fail(payout=failed, reason="account closed", now=LATER, by=preparer)
    details.change_details(
        affiliate=failed.affiliate, method="paypal", account="n@example.com", holder="N", now=LATER, by=None
    )
    with pytest.raises(ValidationError, match="usable now"):
        payout_transitions.reissue(
            payout=failed, reason="New details.", now=LATER + timedelta(days=6, hours=23), by=preparer
        )
    new = payout_transitions.reissue(payout=failed, reason="New details.", now=LATER + timedelta(days=7), by=preparer)
    assert new.details.masked == "n•••@example.com"


LINES = [
    # reference, result, amount, reason, effect, cause
    ("own", "paid", "100.00", "", "paid", ""),
    ("own", "failed", "100.00", "closed", "failed", ""),
    ("own", "failed", "100.00", "", "refused", "reason: enter why the payout failed"),
    ("own", "paid", "100.01", "", "refused", "amount: the payout is 100.00"),
    ("own", "paid", "100", "", "paid", ""),
    ("own", "paid", "$100.0", "", "paid", ""),
    ("own", "paid", "1e2", "", "refused", "amount: “1e2” is not an amount such as 15.30."),
    ("own", "paid", "100.000", "", "refused",
     "amount: “100.000” may be 100000 or 100.000. Write it with two decimals, such as 100000.00."),
    ("own", "paid", "100.00 EUR", "", "refused", "amount: “100.00 EUR” is not in USD."),
    ("own", "paid", "", "", "refused", "amount: the payout is 100.00"),
    ("own", "PAID", "100.00", "", "paid", ""),
    ("own", "Completed", "100.00", "", "paid", ""),
    ("own", "Success", "100.00", "", "paid", ""),
    ("own", "Returned", "100.00", "", "failed", ""),
    ("own", "FAILED", "100.00", "closed", "failed", ""),
    ("own", "Pending", "100.00", "", "unchanged", "“Pending” is no final result"),
    ("own", "queued", "100.00", "", "refused", "result: “queued” is unknown; use paid or failed"),
    ("own", "", "100.00", "", "refused", "result: “” is unknown; use paid or failed"),
    ("own", "=1+1", "100.00", "", "refused", "result: “=1+1” is unknown; use paid or failed"),
    ("AC00", "paid", "100.00", "", "refused", "reference: no payout has this reference"),
    ("AC00", "queued", "1e2", "", "refused",
     "reference: no payout has this reference; result: “queued” is unknown; use paid or failed"),
    ("own", "failed", "1e2", "", "refused",
     "amount: “1e2” is not an amount such as 15.30.; reason: enter why the payout failed"),
]  # fmt: skip


@pytest.mark.parametrize(("reference", "result", "amount", "reason", "effect", "cause"), LINES)
def test_results_are_applied_line_by_line(reference, result, amount, reason, effect, cause, make_sent_batch, preparer):
    batch = make_sent_batch()
    mine, other = batch.payouts.get(amount="100.00"), batch.payouts.get(amount="25.50")
    file = build_results_file(
        (mine.reference if reference == "own" else reference, result, amount, reason), (other, "paid", "25.50", "")
    )
    shown = bank_results.preview_results(file)
    assert [(line.number, line.effect, line.cause) for line in shown] == [(2, effect, cause), (3, "paid", "")]
    mine.refresh_from_db()
    assert mine.state == "sent"
    bank_results.import_results(content=file, now=LATER, by=preparer)
    for payout, state in ((mine, effect if effect in ("paid", "failed") else "sent"), (other, "paid")):
        payout.refresh_from_db()
        assert payout.state == state


def test_second_result_line_of_a_payout_is_refused(make_sent_batch, preparer):
    mine = make_sent_batch().payouts.get(amount="100.00")
    file = build_results_file((mine, "paid", "100.00", ""), (mine, "failed", "100.00", "closed"))
    lines = bank_results.import_results(content=file, now=LATER, by=preparer)
    assert [line.effect for line in lines] == ["paid", "refused"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"ref,result\n",
        b"\xff\xfe",
        b"reference,result,amount,reason\na,b\n",
        b'reference,result,amount,reason\n"a',
    ],
)
def test_unreadable_results_file_is_rejected(content, preparer):
    with pytest.raises(ValidationError) as refusal:
        bank_results.import_results(content=content, now=LATER, by=preparer)
    assert "file" in refusal.value.message_dict


@pytest.mark.parametrize("state", ["sent", "returned", "cancelled"])
def test_affiliate_is_emailed_about_payout(state, make_sent_batch, make_draft_batch, preparer):
    batch = make_draft_batch() if state == "cancelled" else make_sent_batch()
    payout = batch.payouts.select_related("affiliate").get(amount="100.00")
    kind = "payout_sent" if state == "sent" else "payout_failed"
    if state == "returned":
        bank_results.mark_paid(batch=batch, now=LATER, by=preparer)
        payout_transitions.fail(payout=payout, reason="account closed", now=LATER, by=preparer)
    elif state == "cancelled":
        payout_transitions.cancel(payout=payout, reason="Wrong person.", now=FEBRUARY, by=preparer)
    mail = render(kind=kind, context=Message.objects.get(kind=kind, to=payout.affiliate.user.email).context)
    subjects = {
        "sent": "We sent you 100.00 USD",
        "returned": "Your payout of 100.00 USD was returned",
        "cancelled": "Your payout of 100.00 USD was cancelled",
    }
    assert mail.subject == subjects[state]
    assert payout.reference in mail.text
    assert payout.details.masked in mail.text
    assert f"clause {'5.4' if state == 'sent' else '5.8'} of version 1" in mail.text
    assert f"/{'statements' if state == 'sent' else 'payout-details'}/" in mail.text
