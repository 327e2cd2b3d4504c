"""A batch of payouts ..."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from affiliates.errors import IllegalTransition
from audit.models import AuditRecord
from mail.models import Message
from mail.rendering import render
from payouts.disbursement import approval, bank_results, exports, payout_transitions
from payouts.errors import ApprovalVoided, SecondApprovalRequired
from payouts.ledger import booking
from payouts.models import Account, LedgerEntry, Payout, PayoutBatch, PayoutFile
from payouts.payout_details import details
from payouts.payout_details.encryption import encrypt
from tests.payouts.conftest import FEBRUARY, IBAN, build_results_file, close_and_get_batch
from tests.scenarios import roll_back

pytestmark = pytest.mark.django_db
LATER = FEBRUARY + timedelta(days=2)


def account(name: Account) -> Decimal:
    return LedgerEntry.objects.filter(account=name).aggregate(sum=Sum("amount"))["sum"] or Decimal("0.00")


def approved(batch: PayoutBatch, preparer, approver) -> PayoutBatch:
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, FEBRUARY).digest, now=FEBRUARY, by=approver)
    return batch


def states(batch: PayoutBatch) -> list[str]:
    return sorted(batch.payouts.values_list("state", flat=True))


def test_goes_from_draft_to_paid_with_every_account_right(make_draft_batch, preparer, approver):
    batch = make_draft_batch()
    # 100.00 + 25.50 were owed; the close took them out of what is owed and put them in transit.
    assert account(Account.AFFILIATE_PAYABLE) == 0
    assert account(Account.PAYOUTS_IN_TRANSIT) == Decimal("-125.50")
    assert states(batch) == ["draft", "draft"]

    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    assert states(batch) == ["submitted", "submitted"]
    shown = approval.summarize_batch(batch, FEBRUARY)
    assert (shown.total, shown.currency, len(shown.payouts)) == (Decimal("125.50"), "USD", 2)
    approval.approve(batch=batch, digest=shown.digest, now=FEBRUARY, by=approver)
    assert states(batch) == ["approved", "approved"]

    [file] = exports.export(batch=batch, now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert (batch.state, states(batch)) == ("sent", ["sent", "sent"])
    rows = exports.get_file_content(file).decode().splitlines()
    assert sorted(row.split(",")[1] for row in rows) == ["100.00", "25.50"]
    assert Message.objects.filter(kind="payout_sent").count() == 2
    assert account(Account.PAYOUTS_IN_TRANSIT) == Decimal("-125.50")

    assert bank_results.mark_paid(batch=batch, now=LATER, by=preparer) == 2
    assert states(batch) == ["paid", "paid"]
    assert account(Account.PAYOUTS_IN_TRANSIT) == 0
    assert account(Account.CASH) == Decimal("-125.50")
    assert account(Account.AFFILIATE_PAYABLE) == 0
    actions = set(AuditRecord.objects.values_list("action", flat=True))
    assert {"payout batch submitted", "payout batch approved", "payout batch sent", "payout paid"} <= actions


def test_asks_as_often_for_two_payouts_as_for_one(make_draft_batch, preparer):
    batch = make_draft_batch()
    with CaptureQueriesContext(connection) as of_two:
        assert len(approval.summarize_batch(batch, FEBRUARY).payouts) == 2
    payout_transitions.cancel(payout=batch.payouts.first(), reason="Not this one.", now=FEBRUARY, by=preparer)
    with CaptureQueriesContext(connection) as of_one:
        assert len(approval.summarize_batch(batch, FEBRUARY).payouts) == 1
    assert len(of_two) == len(of_one) == 4


def steps_of(batch: PayoutBatch, preparer, approver) -> dict[str, Callable[[], object]]:
    """The whole way of a batch; half of it is paid by a file of results, the rest by a word."""

    def by_results() -> object:
        rows = batch.payouts.order_by("pk")[: batch.payouts.count() // 2]
        content = build_results_file(*((row, "paid", str(row.amount), "") for row in rows))
        return bank_results.import_results(content=content, now=LATER, by=preparer)

    return {
        "submit": lambda: approval.submit(batch=batch, now=FEBRUARY, by=preparer),
        "approve": lambda: approval.approve(
            batch=batch, digest=approval.summarize_batch(batch, FEBRUARY).digest, now=FEBRUARY, by=approver
        ),
        "export": lambda: exports.export(batch=batch, now=FEBRUARY, by=preparer),
        "import results": by_results,
        "mark paid": lambda: bank_results.mark_paid(batch=batch, now=LATER, by=preparer),
    }


def test_goes_all_the_way_with_as_many_questions_for_twenty_payouts_as_for_two(make_draft_batch, preparer, approver):
    asked: dict[int, dict[str, int]] = {}
    for count in (2, 20):
        with roll_back():
            batch = make_draft_batch(amounts=("20.00",) * count)
            asked[count] = {}
            for name, step in steps_of(batch, preparer, approver).items():
                with CaptureQueriesContext(connection) as queries:
                    step()
                asked[count][name] = len(queries)
            assert states(batch) == ["paid"] * count
            assert account(Account.CASH) == -20 * count
    assert asked[20] == asked[2]


def test_is_paid_altogether_or_not_at_all(make_sent_batch, preparer):
    batch = make_sent_batch()
    first, second = batch.payouts.order_by("pk")

    def pay(*named: Payout) -> None:
        with transaction.atomic():
            payout_transitions.pay_many([(payout, "The bank says so.") for payout in named], now=LATER, by=preparer)

    with pytest.raises(IllegalTransition, match="named twice"):
        pay(first, second, first)
    payout_transitions.fail(payout=second, reason="Account closed.", now=LATER, by=preparer)
    with pytest.raises(IllegalTransition, match="cannot become paid"):
        pay(first, second)
    assert states(batch) == ["failed", "sent"]
    assert account(Account.CASH) == 0


def test_is_refused_to_whoever_submitted_it(make_draft_batch, preparer):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    digest = approval.summarize_batch(batch, FEBRUARY).digest
    with pytest.raises(SecondApprovalRequired):
        approval.approve(batch=batch, digest=digest, now=FEBRUARY, by=preparer)
    with pytest.raises(IntegrityError, match="payouts_need_second_approval"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(
            state="approved", approved_by=preparer, approved_at=FEBRUARY, digest=digest
        )


def test_cannot_be_approved_without_a_digest_even_around_the_application(make_draft_batch, preparer, approver):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    with pytest.raises(IntegrityError, match="payouts_approved_by_digest"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(state="approved", approved_by=approver, approved_at=FEBRUARY)


def test_is_approved_only_as_it_was_shown(make_draft_batch, preparer, approver):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    with pytest.raises(ValidationError, match="have changed"):
        approval.approve(batch=batch, digest="0" * 64, now=FEBRUARY, by=approver)
    batch.refresh_from_db()
    assert batch.state == "submitted"


@pytest.mark.parametrize("what", ["payee", "amount", "destination", "added"])
def test_is_a_draft_again_when_anything_approved_was_changed(
    what, make_draft_batch, preparer, approver, make_payable_affiliate
):
    batch = approved(make_draft_batch(), preparer, approver)
    payout = batch.payouts.all()[0]
    if what == "payee":
        type(payout.details).objects.filter(pk=payout.details_id).update(holder="Somebody Else")
    elif what == "amount":
        batch.payouts.filter(pk=payout.pk).update(amount=payout.amount + 1)
    elif what == "destination":
        type(payout.details).objects.filter(pk=payout.details_id).update(encrypted=encrypt("thief@example.com"))
    else:
        other = make_payable_affiliate()
        Payout.objects.create(
            affiliate=other,
            batch=batch,
            details=other.payout_details.all()[0],
            amount=5,
            reference="ACX",
            created_at=FEBRUARY,
            state="approved",
        )
    with pytest.raises(ApprovalVoided, match="not those that were approved"):
        exports.export(batch=batch, now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert (batch.state, batch.digest, batch.approved_by) == ("draft", "", None)
    assert set(states(batch)) == {"draft"}
    assert not PayoutFile.objects.exists()
    assert not Message.objects.filter(kind="payout_sent").exists()
    assert AuditRecord.objects.get(action="payout batch draft").reason


def test_is_exported_twice_as_the_same_bytes(make_sent_batch, preparer):
    batch = make_sent_batch()
    [first] = exports.export(batch=batch, now=FEBRUARY, by=preparer)
    before = exports.get_file_content(first)
    payout = batch.payouts.select_related("affiliate")[0]
    payout.affiliate.country = "FR"
    payout.affiliate.save()
    [again] = exports.export(batch=batch, now=LATER, by=preparer)
    assert exports.get_file_content(again) == before
    assert again.pk == first.pk
    assert Message.objects.filter(kind="payout_sent").count() == 2


def test_that_was_not_approved_is_not_exported(make_draft_batch, preparer):
    batch = make_draft_batch()
    with pytest.raises(IllegalTransition):
        exports.export(batch=batch, now=FEBRUARY, by=preparer)
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    with pytest.raises(IllegalTransition):
        exports.export(batch=batch, now=FEBRUARY, by=preparer)
    with pytest.raises(IllegalTransition):
        approval.submit(batch=batch, now=FEBRUARY, by=preparer)


def test_takes_a_failed_payout_back_to_the_balance_and_pays_it_anew_once(make_sent_batch, preparer, approver):
    batch = make_sent_batch()
    failed = batch.payouts.select_related("affiliate").get(amount="100.00")
    taken = bank_results.import_results(
        content=build_results_file((failed, "failed", "100.00", "account closed")), now=LATER, by=preparer
    )
    assert [line.effect for line in taken] == ["failed"]
    failed.refresh_from_db()
    assert (failed.state, failed.failure, failed.returned_at) == ("failed", "account closed", LATER)
    assert booking.get_balance(failed.affiliate) == Decimal("100.00")
    assert account(Account.PAYOUTS_IN_TRANSIT) == Decimal("-25.50")
    mail = Message.objects.get(kind="payout_failed")
    assert mail.context["reason"] == "account closed"
    assert mail.context["clause"] == "5.8 of version 1"

    new = payout_transitions.reissue(payout=failed, reason="The affiliate has called.", now=LATER, by=preparer)
    assert new.reference != failed.reference
    assert (new.state, new.amount, new.batch.close, new.statement) == ("draft", Decimal("100.00"), None, None)
    assert booking.get_balance(failed.affiliate) == 0
    assert account(Account.PAYOUTS_IN_TRANSIT) == Decimal("-125.50")
    with pytest.raises(ValidationError, match="anew already"):
        payout_transitions.reissue(payout=failed, reason="Again.", now=LATER, by=preparer)
    approved(new.batch, preparer, approver)
    exports.export(batch=new.batch, now=LATER, by=preparer)
    bank_results.mark_paid(batch=new.batch, now=LATER, by=preparer)
    assert account(Account.CASH) == Decimal("-100.00")


def test_lets_a_close_count_what_came_back_instead(make_sent_batch, preparer):
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


def test_books_a_returned_payment_out_of_cash_once(make_sent_batch, preparer):
    batch = make_sent_batch()
    bank_results.mark_paid(batch=batch, now=LATER, by=preparer)
    payout = batch.payouts.select_related("affiliate").get(amount="100.00")
    file = build_results_file((payout, "failed", "100.00", "returned by the bank"))
    assert [line.effect for line in bank_results.import_results(content=file, now=LATER, by=preparer)] == ["returned"]
    assert [line.effect for line in bank_results.import_results(content=file, now=LATER, by=preparer)] == ["unchanged"]
    older = build_results_file((payout, "paid", "100.00", ""))
    assert [line.effect for line in bank_results.import_results(content=older, now=LATER, by=preparer)] == ["unchanged"]
    assert account(Account.CASH) == Decimal("-25.50")
    assert account(Account.PAYOUTS_IN_TRANSIT) == 0
    assert booking.get_balance(payout.affiliate) == Decimal("100.00")
    with pytest.raises(IllegalTransition):
        payout_transitions.fail(payout=payout, reason="twice", now=LATER, by=preparer)


def test_is_void_when_a_payout_of_it_is_cancelled(make_draft_batch, preparer, approver):
    batch = approved(make_draft_batch(), preparer, approver)
    payout = batch.payouts.select_related("affiliate").get(amount="25.50")
    with pytest.raises(ValidationError):
        payout_transitions.cancel(payout=payout, reason=" ", now=FEBRUARY, by=preparer)
    payout_transitions.cancel(payout=payout, reason="Wrong person.", now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert (batch.state, states(batch)) == ("draft", ["cancelled", "draft"])
    assert booking.get_balance(payout.affiliate) == Decimal("25.50")
    assert account(Account.PAYOUTS_IN_TRANSIT) == Decimal("-100.00")
    assert Message.objects.get(kind="payout_failed").context["cancelled"] is True
    [other] = batch.payouts.filter(state="draft").select_related("affiliate")
    payout_transitions.cancel(payout=other, reason="Wrong too.", now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert batch.state == "cancelled"


def test_that_was_sent_keeps_a_payout_whose_result_is_unknown(make_sent_batch, preparer):
    batch = make_sent_batch()
    payout = batch.payouts.select_related("affiliate")[0]
    with pytest.raises(IllegalTransition):
        payout_transitions.cancel(payout=payout, reason="I am impatient.", now=LATER, by=preparer)
    with pytest.raises(IllegalTransition):
        payout_transitions.reissue(payout=payout, reason="I am impatient.", now=LATER, by=preparer)
    payout.refresh_from_db()
    assert payout.state == "sent"


def test_is_not_issued_anew_to_details_that_are_held(make_sent_batch, preparer):
    batch = make_sent_batch()
    failed = batch.payouts.select_related("affiliate")[0]
    payout_transitions.fail(payout=failed, reason="account closed", now=LATER, by=preparer)
    details.change_details(
        affiliate=failed.affiliate, method="paypal", account="n@example.com", holder="N", now=LATER, by=None
    )
    with pytest.raises(ValidationError, match="can be used now"):
        payout_transitions.reissue(
            payout=failed, reason="New details.", now=LATER + timedelta(days=6, hours=23), by=preparer
        )
    new = payout_transitions.reissue(payout=failed, reason="New details.", now=LATER + timedelta(days=7), by=preparer)
    assert new.details.masked == "n•••@example.com"


LINES = [
    # reference, result, amount, reason: what it does, and why not
    ("own", "paid", "100.00", "", "paid", ""),
    ("own", "failed", "100.00", "closed", "failed", ""),
    ("own", "failed", "100.00", "", "refused", "reason: a failed payout needs one"),
    ("own", "paid", "100.01", "", "refused", "amount: the payout is 100.00"),
    ("own", "paid", "100", "", "refused", "amount: the payout is 100.00"),
    ("own", "paid", "1e2", "", "refused", "amount: the payout is 100.00"),
    ("own", "paid", "", "", "refused", "amount: the payout is 100.00"),
    ("own", "PAID", "100.00", "", "refused", "result: it has to be paid or failed"),
    ("AC00", "paid", "100.00", "", "refused", "reference: no payout has it"),
]


@pytest.mark.parametrize(("reference", "result", "amount", "reason", "effect", "cause"), LINES)
def test_takes_each_line_of_results_by_itself(
    reference, result, amount, reason, effect, cause, make_sent_batch, preparer
):
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


def test_refuses_results_that_name_a_payout_twice(make_sent_batch, preparer):
    mine = make_sent_batch().payouts.get(amount="100.00")
    file = build_results_file((mine, "paid", "100.00", ""), (mine, "failed", "100.00", "closed"))
    taken = bank_results.import_results(content=file, now=LATER, by=preparer)
    assert [line.effect for line in taken] == ["paid", "refused"]


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
def test_refuses_results_that_are_no_such_file(content, preparer):
    with pytest.raises(ValidationError) as refusal:
        bank_results.import_results(content=content, now=LATER, by=preparer)
    assert "file" in refusal.value.message_dict


def test_keeps_the_account_in_clear_out_of_every_column(make_draft_batch, preparer, approver, settings):
    settings.SEPA_DEBTOR_NAME, settings.SEPA_DEBTOR_IBAN = "Shop", "NL91ABNA0417164300"
    batch = approved(make_draft_batch(account=IBAN, method="bank"), preparer, approver)
    [file] = exports.export(batch=batch, now=FEBRUARY, by=preparer)
    assert IBAN in exports.get_file_content(file).decode()
    dump = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {connection.ops.quote_name(table)} t")
            dump += [row for (row,) in cursor.fetchall()]
    assert len(dump) > 50
    assert not [row for row in dump if IBAN in row or IBAN[4:] in row or IBAN[-10:] in row]


@pytest.mark.parametrize("state", ["sent", "returned", "cancelled"])
def test_tells_the_affiliate_in_a_mail_that_reads_well(state, make_sent_batch, make_draft_batch, preparer):
    batch = make_draft_batch() if state == "cancelled" else make_sent_batch()
    payout = batch.payouts.select_related("affiliate").get(amount="100.00")
    kind = "payout_sent" if state == "sent" else "payout_failed"
    if state == "returned":
        bank_results.mark_paid(batch=batch, now=LATER, by=preparer)
        payout_transitions.fail(payout=payout, reason="account closed", now=LATER, by=preparer)
    elif state == "cancelled":
        payout_transitions.cancel(payout=payout, reason="Wrong person.", now=FEBRUARY, by=preparer)
    mail = render(kind=kind, context=Message.objects.get(kind=kind, to=payout.affiliate.user.email).context)
    words = {
        "sent": "100.00 USD is on its way to you",
        "returned": "Your payout of 100.00 USD came back",
        "cancelled": "Your payout of 100.00 USD was cancelled",
    }
    assert mail.subject == words[state]
    assert payout.reference in mail.text
    assert payout.details.masked in mail.text
    assert state == "sent" or "clause 5.8 of version 1" in mail.text
    assert f"/{'statements' if state == 'sent' else 'payout-details'}/" in mail.text


@pytest.mark.parametrize(
    ("kind", "context", "subject"),
    [
        (
            "close_exceptions",
            {"period": "2026-01", "count": 1},
            "1 affiliate was excluded from the close of 2026-01",
        ),
        ("orders_in_conflict", {"source": "API key shop", "count": 2}, "2 order snapshots are in conflict"),
    ],
)
def test_trouble_is_told_to_staff_in_a_mail(kind, context, subject):
    mail = render(kind=kind, context=context)
    assert mail.subject == subject
    assert "/admin/" in mail.text
