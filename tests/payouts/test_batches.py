"""Payout batches from draft to paid: approval, export, results."""

from collections.abc import Callable
from datetime import timedelta
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
from payouts.payout_details.encryption import encrypt
from tests.payouts.conftest import FEBRUARY, IBAN, build_results_file
from tests.scenarios import roll_back

pytestmark = pytest.mark.django_db
LATER = FEBRUARY + timedelta(days=2)


def get_account_total(name: Account) -> Decimal:
    return LedgerEntry.objects.filter(account=name).aggregate(sum=Sum("amount"))["sum"] or Decimal("0.00")


def approve_batch(batch: PayoutBatch, preparer, approver) -> PayoutBatch:
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, FEBRUARY).digest, now=FEBRUARY, by=approver)
    return batch


def list_states(batch: PayoutBatch) -> list[str]:
    return sorted(batch.payouts.values_list("state", flat=True))


def test_batch_from_draft_to_paid_books_every_account(make_draft_batch, preparer, approver):
    batch = make_draft_batch()
    # The close moved the 100.00 and 25.50 that were owed into transit.
    assert get_account_total(Account.AFFILIATE_PAYABLE) == 0
    assert get_account_total(Account.PAYOUTS_IN_TRANSIT) == Decimal("-125.50")
    assert list_states(batch) == ["draft", "draft"]

    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    assert list_states(batch) == ["submitted", "submitted"]
    shown = approval.summarize_batch(batch, FEBRUARY)
    assert (shown.total, shown.currency, len(shown.payouts)) == (Decimal("125.50"), "USD", 2)
    approval.approve(batch=batch, digest=shown.digest, now=FEBRUARY, by=approver)
    assert list_states(batch) == ["approved", "approved"]

    [file] = exports.export(batch=batch, now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert (batch.state, list_states(batch)) == ("sent", ["sent", "sent"])
    rows = exports.get_file_content(file).decode().splitlines()
    assert sorted(row.split(",")[1] for row in rows) == ["100.00", "25.50"]
    assert Message.objects.filter(kind="payout_sent").count() == 2
    assert get_account_total(Account.PAYOUTS_IN_TRANSIT) == Decimal("-125.50")

    assert bank_results.mark_paid(batch=batch, now=LATER, by=preparer) == 2
    assert list_states(batch) == ["paid", "paid"]
    assert get_account_total(Account.PAYOUTS_IN_TRANSIT) == 0
    assert get_account_total(Account.CASH) == Decimal("-125.50")
    assert get_account_total(Account.AFFILIATE_PAYABLE) == 0
    actions = set(AuditRecord.objects.values_list("action", flat=True))
    assert {"payout batch submitted", "payout batch approved", "payout batch sent", "payout paid"} <= actions


def test_summary_query_count_does_not_depend_on_payouts(make_draft_batch, preparer):
    batch = make_draft_batch()
    with CaptureQueriesContext(connection) as of_two:
        assert len(approval.summarize_batch(batch, FEBRUARY).payouts) == 2
    payout_transitions.cancel(payout=batch.payouts.first(), reason="Not this one.", now=FEBRUARY, by=preparer)
    with CaptureQueriesContext(connection) as of_one:
        assert len(approval.summarize_batch(batch, FEBRUARY).payouts) == 1
    assert len(of_two) == len(of_one) == 4


def list_steps(batch: PayoutBatch, preparer, approver) -> dict[str, Callable[[], object]]:
    """Return all steps of a batch; half of it is paid by a results file, the rest is marked paid."""

    def import_half() -> object:
        rows = batch.payouts.order_by("pk")[: batch.payouts.count() // 2]
        content = build_results_file(*((row, "paid", str(row.amount), "") for row in rows))
        return bank_results.import_results(content=content, now=LATER, by=preparer)

    return {
        "submit": lambda: approval.submit(batch=batch, now=FEBRUARY, by=preparer),
        "approve": lambda: approval.approve(
            batch=batch, digest=approval.summarize_batch(batch, FEBRUARY).digest, now=FEBRUARY, by=approver
        ),
        "export": lambda: exports.export(batch=batch, now=FEBRUARY, by=preparer),
        "import results": import_half,
        "mark paid": lambda: bank_results.mark_paid(batch=batch, now=LATER, by=preparer),
    }


def test_query_count_of_each_step_does_not_depend_on_payouts(make_draft_batch, preparer, approver):
    query_counts: dict[int, dict[str, int]] = {}
    for count in (2, 20):
        with roll_back():
            batch = make_draft_batch(amounts=("20.00",) * count)
            query_counts[count] = {}
            for name, step in list_steps(batch, preparer, approver).items():
                with CaptureQueriesContext(connection) as queries:
                    step()
                query_counts[count][name] = len(queries)
            assert list_states(batch) == ["paid"] * count
            assert get_account_total(Account.CASH) == -20 * count
    assert query_counts[20] == query_counts[2]


def test_pay_many_is_all_or_nothing(make_sent_batch, preparer):
    batch = make_sent_batch()
    first, second = batch.payouts.order_by("pk")

    def pay(*payouts: Payout) -> None:
        with transaction.atomic():
            payout_transitions.pay_many([(payout, "Confirmed.") for payout in payouts], now=LATER, by=preparer)

    with pytest.raises(IllegalTransition, match="listed twice"):
        pay(first, second, first)
    payout_transitions.fail(payout=second, reason="Account closed.", now=LATER, by=preparer)
    with pytest.raises(IllegalTransition, match="cannot be marked as paid"):
        pay(first, second)
    assert list_states(batch) == ["failed", "sent"]
    assert get_account_total(Account.CASH) == 0


def test_submitter_cannot_approve(make_draft_batch, preparer):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    digest = approval.summarize_batch(batch, FEBRUARY).digest
    with pytest.raises(SecondApprovalRequired):
        approval.approve(batch=batch, digest=digest, now=FEBRUARY, by=preparer)
    with pytest.raises(IntegrityError, match="payouts_need_second_approval"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(
            state="approved", approved_by=preparer, approved_at=FEBRUARY, digest=digest
        )


def test_database_rejects_approval_without_digest(make_draft_batch, preparer, approver):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    with pytest.raises(IntegrityError, match="payouts_approved_by_digest"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(state="approved", approved_by=approver, approved_at=FEBRUARY)


def test_approval_needs_the_digest_that_was_shown(make_draft_batch, preparer, approver):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    with pytest.raises(ValidationError, match="have changed"):
        approval.approve(batch=batch, digest="0" * 64, now=FEBRUARY, by=approver)
    batch.refresh_from_db()
    assert batch.state == "submitted"


@pytest.mark.parametrize("change", ["payee", "amount", "destination", "country", "added"])
def test_change_after_approval_voids_it(change, make_draft_batch, preparer, approver, make_payable_affiliate):
    batch = approve_batch(make_draft_batch(), preparer, approver)
    payout = batch.payouts.all()[0]
    if change == "payee":
        type(payout.details).objects.filter(pk=payout.details_id).update(holder="Another Holder")
    elif change == "amount":
        batch.payouts.filter(pk=payout.pk).update(amount=payout.amount + 1)
    elif change == "country":
        type(payout.affiliate).objects.filter(pk=payout.affiliate_id).update(country="FR")
    elif change == "destination":
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
    with pytest.raises(ApprovalVoided, match="have changed since they were approved"):
        exports.export(batch=batch, now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert (batch.state, batch.digest, batch.approved_by) == ("draft", "", None)
    assert set(list_states(batch)) == {"draft"}
    assert not PayoutFile.objects.exists()
    assert not Message.objects.filter(kind="payout_sent").exists()
    assert AuditRecord.objects.get(action="payout batch draft").reason


def test_repeated_export_returns_the_same_bytes(make_sent_batch, preparer):
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


def test_unapproved_batch_is_not_exported(make_draft_batch, preparer):
    batch = make_draft_batch()
    with pytest.raises(IllegalTransition):
        exports.export(batch=batch, now=FEBRUARY, by=preparer)
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    with pytest.raises(IllegalTransition):
        exports.export(batch=batch, now=FEBRUARY, by=preparer)
    with pytest.raises(IllegalTransition):
        approval.submit(batch=batch, now=FEBRUARY, by=preparer)


def test_cancelled_payout_voids_the_approval(make_draft_batch, preparer, approver):
    batch = approve_batch(make_draft_batch(), preparer, approver)
    payout = batch.payouts.select_related("affiliate").get(amount="25.50")
    with pytest.raises(ValidationError):
        payout_transitions.cancel(payout=payout, reason=" ", now=FEBRUARY, by=preparer)
    payout_transitions.cancel(payout=payout, reason="Wrong person.", now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert (batch.state, list_states(batch)) == ("draft", ["cancelled", "draft"])
    assert booking.get_balance(payout.affiliate) == Decimal("25.50")
    assert get_account_total(Account.PAYOUTS_IN_TRANSIT) == Decimal("-100.00")
    assert Message.objects.get(kind="payout_failed").context["cancelled"] is True
    [other] = batch.payouts.filter(state="draft").select_related("affiliate")
    payout_transitions.cancel(payout=other, reason="Wrong too.", now=FEBRUARY, by=preparer)
    batch.refresh_from_db()
    assert batch.state == "cancelled"


def test_sent_payout_cannot_be_cancelled_or_reissued(make_sent_batch, preparer):
    batch = make_sent_batch()
    payout = batch.payouts.select_related("affiliate")[0]
    with pytest.raises(IllegalTransition):
        payout_transitions.cancel(payout=payout, reason="No result yet.", now=LATER, by=preparer)
    with pytest.raises(IllegalTransition):
        payout_transitions.reissue(payout=payout, reason="No result yet.", now=LATER, by=preparer)
    payout.refresh_from_db()
    assert payout.state == "sent"


def test_no_column_contains_an_account_in_clear(make_draft_batch, preparer, approver, settings):
    settings.SEPA_DEBTOR_NAME, settings.SEPA_DEBTOR_IBAN = "Shop", "NL91ABNA0417164300"
    batch = approve_batch(make_draft_batch(account=IBAN, method="bank"), preparer, approver)
    [file] = exports.export(batch=batch, now=FEBRUARY, by=preparer)
    assert IBAN in exports.get_file_content(file).decode()
    dump = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {connection.ops.quote_name(table)} t")
            dump += [row for (row,) in cursor.fetchall()]
    assert len(dump) > 50
    assert not [row for row in dump if IBAN in row or IBAN[4:] in row or IBAN[-10:] in row]


@pytest.mark.parametrize(
    ("kind", "context", "subject"),
    [
        (
            "close_exceptions",
            {"period": "2026-01", "count": 1},
            "1 affiliate was excluded from the close of January 2026",
        ),
        ("orders_in_conflict", {"source": "API key shop", "count": 2}, "2 order snapshots are in conflict"),
    ],
)
def test_staff_alert_email_has_subject_and_admin_link(kind, context, subject):
    mail = render(kind=kind, context=context)
    assert mail.subject == subject
    assert "/admin/" in mail.text
