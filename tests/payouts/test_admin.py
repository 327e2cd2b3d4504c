"""Staff in the admin ..."""

import base64
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from agreements.models import Program
from audit.models import AuditRecord
from payouts.closing.close import close_month
from payouts.disbursement import approval, payout_transitions
from payouts.disbursement.payout_warnings import list_payout_warnings
from payouts.ledger import booking
from payouts.models import (
    Adjustment,
    Close,
    Commission,
    LedgerEntry,
    LedgerTransaction,
    PayoutDetails,
    PayoutHold,
    Statement,
)
from payouts.payout_details import details
from shops.models import Reject
from tests.factories import make_staff
from tests.payouts.conftest import BEGIN, FEBRUARY, IBAN, JANUARY, MARCH, build_results_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    """Sign somebody of staff in, at noon on 3 February 2026."""

    def sign_in(user):
        client.force_login(user)
        return client

    with time_machine.travel(FEBRUARY, tick=False):
        yield sign_in


def page_of(row, action: str = "change") -> str:
    names = {"change": "change"}
    model = f"{row._meta.app_label}_{row._meta.model_name}"
    return reverse(f"admin:{model}_{names.get(action, action)}", args=[row.pk])


def text(answer):
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode().replace("\u00a0", " ")


def test_count_one_payout_as_one(make_draft_batch, preparer, approver, desk):
    batch = make_draft_batch(amounts=("20.00",))
    client = desk(preparer)
    assert "20.00 USD in 1 payout." in text(client.get(page_of(batch, "submit")))
    client.post(page_of(batch, "submit"), {"confirmed": "1"})
    assert "1 payout of 20.00 USD." in text(desk(approver).get(page_of(batch, "approve")))


def test_take_a_batch_from_draft_to_paid(make_draft_batch, preparer, approver, desk):
    batch = make_draft_batch()
    client = desk(preparer)
    assert "125.50 USD in 2 payouts" in text(client.get(page_of(batch)))
    assert client.get(page_of(batch, "approve")).status_code == 403
    client.post(page_of(batch, "submit"), {"confirmed": "1"})
    batch.refresh_from_db()
    assert batch.state == "submitted"

    client = desk(approver)
    shown = text(client.get(page_of(batch, "approve")))
    digest = approval.summarize_batch(batch, FEBRUARY).digest
    assert digest in shown
    assert "125.50 USD in all" in shown
    assert "100.00 USD" in shown
    client.post(page_of(batch, "approve"), {"digest": "0" * 64})
    batch.refresh_from_db()
    assert batch.state == "submitted"
    client.post(page_of(batch, "approve"), {"digest": digest})
    batch.refresh_from_db()
    assert batch.state == "approved"
    assert client.get(page_of(batch, "export")).status_code == 403

    client = desk(preparer)
    assert "Export these payouts" in text(client.get(page_of(batch, "export")))
    client.post(page_of(batch, "export"))
    batch.refresh_from_db()
    assert batch.state == "sent"
    [file] = batch.files.all()
    address = reverse("admin:payouts_payoutbatch_file", args=[batch.pk, file.pk])
    assert address in text(client.get(page_of(batch)))
    first, again = client.get(address), client.get(address)
    assert first.content == again.content
    assert b",100.00,USD," in first.content
    assert AuditRecord.objects.filter(action="payout file downloaded").count() == 2
    assert desk(approver).get(address).status_code == 403

    desk(preparer).post(page_of(batch, "mark_paid"), {"confirmed": "1"})
    assert set(batch.payouts.values_list("state", flat=True)) == {"paid"}


def test_are_shown_what_is_worth_a_second_look_before_they_approve(
    make_payable_affiliate, grant, preparer, approver, desk, settings
):
    settings.UNUSUAL_PAYOUT = 100
    paid_before, changed, rich = (make_payable_affiliate() for _time in range(3))
    grant(paid_before, "20.00")
    close_month(month=BEGIN.date(), now=FEBRUARY, by=None)
    details.change_details(
        affiliate=changed, method="paypal", account="another@example.com", holder="X", now=FEBRUARY, by=None, hold=False
    )
    for affiliate, granted in ((paid_before, "30.00"), (changed, "40.00"), (rich, "100.00")):
        grant(affiliate, granted, at=FEBRUARY)
    batch = close_month(month=date(2026, 2, 1), now=MARCH, by=None).batches.get()
    kinds = {
        batch.payouts.get(pk=pk).affiliate: list(map(str, found)) for pk, found in list_payout_warnings(batch).items()
    }
    assert kinds == {changed: ["changed_details"], rich: ["over_limit", "first_payout"]}
    approval.submit(batch=batch, now=MARCH, by=preparer)
    shown = text(desk(approver).get(page_of(batch, "approve")))
    assert "2 of them are worth a second look" in shown
    for said in ("First payout to changed details", "Payout over the limit", "First payout ever"):
        assert shown.count(said) == 1


def test_are_told_that_whoever_submitted_cannot_approve(make_draft_batch, desk):
    both = make_staff("payout preparers", "payout approvers")
    batch = make_draft_batch()
    client = desk(both)
    client.post(page_of(batch, "submit"), {"confirmed": "1"})
    assert "somebody else has to approve" in text(client.get(page_of(batch, "approve")))
    digest = approval.summarize_batch(batch, FEBRUARY).digest
    answer = client.post(page_of(batch, "approve"), {"digest": digest}, follow=True)
    assert "somebody else has to approve" in text(answer)
    batch.refresh_from_db()
    assert batch.state == "submitted"


def test_look_at_results_before_they_take_them_in(make_sent_batch, preparer, desk):
    batch = make_sent_batch()
    payout = batch.payouts.select_related("affiliate").get(amount="100.00")
    content = build_results_file((payout, "failed", "100.00", "closed"), ("AC0", "paid", "1.00", ""))
    client, address = desk(preparer), reverse("admin:payouts_payoutbatch_import_results")
    assert "first line is reference,result,amount,reason" in text(client.get(address))
    shown = text(client.post(address, {"file": SimpleUploadedFile("r.csv", content)}))
    assert "Nothing is changed yet" in shown
    assert "refused: reference: no payout has it" in shown
    payout.refresh_from_db()
    assert payout.state == "sent"
    done = text(client.post(address, {"encoded_content": base64.b64encode(content).decode(), "import": "1"}))
    assert "Done." in done
    payout.refresh_from_db()
    assert payout.state == "failed"
    assert "The first line has to be" in text(client.post(address, {"file": SimpleUploadedFile("r.csv", b"x")}))
    assert "Choose a file" in text(client.post(address, {}))

    client.post(page_of(payout, "reissue"), {"confirmed": "1", "reason": "They called."})
    assert payout.replaced_by.amount == Decimal("100.00")


def test_choose_the_file_of_results_in_the_markup_that_the_pages_script_fills_in(preparer, desk):
    shown = text(desk(preparer).get(reverse("admin:payouts_payoutbatch_import_results")))
    assert 'aria-label="Choose file to upload"' in shown


def test_see_what_was_sent_beside_what_became_of_it(make_sent_batch, preparer, desk):
    batch = make_sent_batch(amounts=("100.00", "25.50", "40.00", "50.00"))
    of = {str(payout.amount): payout for payout in batch.payouts.select_related("affiliate")}
    payout_transitions.pay(payout=of["25.50"], now=FEBRUARY, by=preparer)
    payout_transitions.pay(payout=of["40.00"], now=FEBRUARY, by=preparer)
    payout_transitions.fail(payout=of["40.00"], reason="closed", now=FEBRUARY, by=preparer)
    payout_transitions.fail(payout=of["100.00"], reason="closed", now=FEBRUARY, by=preparer)
    shown = text(desk(preparer).get(page_of(batch)))
    assert "215.50 USD in 4 payouts" in shown
    assert "1 paid, 1 failed, 1 returned, 1 without a result" in shown


def test_are_told_that_an_approval_is_void_and_it_stays_void(make_draft_batch, preparer, approver, desk):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, FEBRUARY).digest, now=FEBRUARY, by=approver)
    batch.payouts.filter(amount="100.00").update(amount="1000.00")
    answer = desk(preparer).post(page_of(batch, "export"), follow=True)
    assert "The approval is void" in text(answer)
    batch.refresh_from_db()
    assert batch.state == "draft"


def test_propose_and_decide_adjustments(make_payable_affiliate, preparer, approver, desk):
    affiliate = make_payable_affiliate()
    client, address = desk(preparer), reverse("admin:payouts_adjustment_propose")
    answers = {
        "confirmed": "1",
        "affiliate": affiliate.code.lower(),
        "kind": "bonus",
        "amount": "-5.00",
        "reason": "Thanks.",
    }
    assert "A bonus must be positive" in text(client.post(address, answers))
    assert "No affiliate has this code" in text(client.post(address, answers | {"affiliate": "nobody"}))
    for odd in ("1e3", "\uff11.00", "1_000.00", "NaN", "1,000.00", "5.001", ".5"):
        assert "Write the amount in digits, as 15.30." in text(client.post(address, answers | {"amount": odd})), odd
    assert not Adjustment.objects.exists()
    client.post(address, answers | {"amount": "5.00"})
    row = Adjustment.objects.get()
    assert (row.amount, row.made_by) == (Decimal("5.00"), preparer)
    assert client.get(page_of(row, "approve")).status_code == 403
    client = desk(approver)
    assert "Thanks." in text(client.get(page_of(row, "approve")))
    client.post(page_of(row, "approve"), {"confirmed": "1"})
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("approved", approver)


def test_hold_payouts_and_release_them(make_payable_affiliate, preparer, desk):
    affiliate = make_payable_affiliate()
    client = desk(preparer)
    answers = {"confirmed": "1", "affiliate": affiliate.code, "reason": "A court order."}
    client.post(reverse("admin:payouts_payouthold_hold"), answers)
    hold = PayoutHold.objects.get()
    assert (hold.affiliate, hold.reason) == (affiliate, "A court order.")
    client.post(page_of(hold, "release"), {"confirmed": "1", "reason": "Lifted."})
    hold.refresh_from_db()
    assert hold.released_by == preparer


def test_put_aside_what_cannot_be_sent_and_hold_a_payout(make_draft_batch, preparer, approver, desk):
    batch = make_draft_batch(amounts=("100.00", "25.50", "30.00"))
    changed, held = batch.payouts.get(amount="100.00"), batch.payouts.get(amount="30.00")
    PayoutDetails.objects.create(
        affiliate=changed.affiliate, method="paypal", holder="X", encrypted="x", masked="x", fingerprint="x",
        entered_at=FEBRUARY, confirmation="a test", usable_from=FEBRUARY,
    )  # fmt: skip
    assert desk(approver).get(page_of(batch, "remove_unpayable")).status_code == 403
    client = desk(preparer)
    refused = text(client.post(page_of(batch, "submit"), {"confirmed": "1"}, follow=True))
    assert "Put them aside, so that the others can go; or wait." in refused
    asked = text(client.get(page_of(batch, "remove_unpayable")))
    assert "100.00 USD" in asked
    assert "details were changed" in asked
    client.post(page_of(batch, "remove_unpayable"))
    client.post(page_of(held, "hold"), {"confirmed": "1", "reason": "A court order."})
    assert sorted(batch.payouts.values_list("state", "amount")) == [
        ("cancelled", Decimal("30.00")), ("cancelled", Decimal("100.00")), ("draft", Decimal("25.50")),
    ]  # fmt: skip
    assert PayoutHold.objects.get(affiliate=held.affiliate).reason == "A court order."
    client.post(page_of(batch, "submit"), {"confirmed": "1"})
    batch.refresh_from_db()
    assert batch.state == "submitted"
    assert "Nothing stands in the way" in text(client.get(page_of(batch, "remove_unpayable")))


def test_close_the_next_month_by_hand(make_payable_affiliate, grant, preparer, approver, desk):
    affiliate = make_payable_affiliate()
    grant(affiliate, "20.00")
    address = reverse("admin:payouts_close_close_next")
    assert desk(approver).get(address).status_code == 403
    client = desk(preparer)
    assert "Dry run of 2026-01, which has ended." in text(client.get(address))
    said = text(client.post(address, follow=True))
    assert "2026-01 is closed. Statements: 1. Payouts: 1, 20.00 USD in all." in said
    assert [str(close) for close in Close.objects.all()] == ["2026-01"]
    close = Close.objects.get()
    assert "paid out: 20.00 USD" in text(client.get(page_of(close)))
    rows = b"".join(client.get(page_of(close, "download_csv")).streaming_content).decode().splitlines()
    assert rows[1] == f"{affiliate.code},1,0.00,0,0.00,20.00,0.00,20.00,0.00,"
    assert "2026-02 still runs: this is no close." in text(client.get(address))
    assert "has not ended yet" in text(client.post(address, follow=True))


def test_open_the_program(agreement, desk):
    desk(make_staff(superuser=True)).post(reverse("admin:payouts_close_open_program"), {"confirmed": "1"})
    assert Program.current().opened_at == FEBRUARY


def test_drill_down_from_the_trial_balance_to_the_rows(make_sent_batch, preparer, desk):
    make_sent_batch()
    client = desk(preparer)
    balance = text(client.get(reverse("admin:payouts_ledgertransaction_trial_balance")))
    assert balance.count("125.50 USD") >= 2
    assert "0.00 USD" in balance
    link = reverse("admin:payouts_ledgerentry_changelist") + "?account__exact=payouts_in_transit"
    assert link in balance
    assert "25.50 USD" in text(client.get(link))
    row = LedgerTransaction.objects.filter(kind="payout")[0]
    assert row.source in text(client.get(page_of(row)))
    journal = b"".join(client.get(reverse("admin:payouts_ledgertransaction_journal")).streaming_content).decode()
    rows = [line.split(",") for line in journal.splitlines()]
    assert len(rows) == LedgerEntry.objects.count() + 1
    assert sum(Decimal(row[6]) for row in rows[1:]) == 0


def test_read_why_a_commission_is_what_it_is(make_settled_affiliate, preparer, client):
    affiliate = make_settled_affiliate()
    with time_machine.travel(MARCH, tick=False):
        client.force_login(preparer)
        row = Commission.objects.filter(affiliate=affiliate)[0]
        shown = text(client.get(page_of(row)))
        assert "rounded once to the cent" in shown
        statement = Statement.objects.get(affiliate=affiliate)
        assert "24.90 USD" in text(client.get(page_of(statement)))
        assert client.get(page_of(statement, "download_pdf")).content.startswith(b"%PDF-")
        assert b"closing balance" in b"".join(client.get(page_of(statement, "download_csv")).streaming_content)


def test_send_rejects_again_or_dismiss_them(agreement, preparer, desk):
    rows = [
        Reject.objects.create(received_at=JANUARY, source="t", order_id="1", cause="x", content='{"order_id": "1"}')
        for _ in range(2)
    ]
    client = desk(preparer)
    answer = client.post(page_of(rows[0], "resend"), {"confirmed": "1"}, follow=True)
    assert "rejected again" in text(answer)
    client.post(page_of(rows[1], "dismiss"), {"confirmed": "1", "reason": "A test row."})
    assert [Reject.objects.get(pk=row.pk).state for row in rows] == ["open", "dismissed"]


MODELS = [
    "adjustment", "close", "commission", "commissionhold", "ledgerentry", "ledgertransaction", "payout", "payoutbatch",
    "payoutdetails", "payouthold", "closeexception", "statement",
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_can_read_money_and_change_none_of_it_by_a_form(model, make_sent_batch, preparer, desk):
    make_sent_batch(account=IBAN, method="bank")
    client = desk(make_staff(superuser=True))
    listed = text(client.get(reverse(f"admin:payouts_{model}_changelist")))
    assert IBAN not in listed
    assert client.get(reverse(f"admin:payouts_{model}_add")).status_code == 403


def test_see_payout_details_masked(make_payable_affiliate, preparer, desk):
    one, two = make_payable_affiliate(account=IBAN, method="bank"), make_payable_affiliate(account=IBAN, method="bank")
    row = PayoutDetails.objects.get(affiliate=one)
    shown = text(desk(preparer).get(page_of(row)))
    assert "•••• 3000" in shown
    assert IBAN not in shown
    assert row.encrypted not in shown
    assert row.fingerprint not in shown
    assert two.code in shown


def test_of_other_groups_see_no_money(make_sent_batch, desk):
    batch = make_sent_batch()
    client = desk(make_staff("affiliate managers"))
    for address in (page_of(batch), reverse("admin:payouts_payoutbatch_changelist"), reverse("admin:payouts_close_changelist"),
                    reverse("admin:payouts_ledgertransaction_trial_balance"), page_of(batch, "submit"),
                    reverse("admin:payouts_payoutbatch_import_results"), reverse("admin:payouts_close_close_next")):  # fmt: skip
        assert client.get(address).status_code == 403, address
    payout = batch.payouts.select_related("affiliate")[0]
    assert client.post(page_of(payout, "cancel"), {"confirmed": "1", "reason": "x"}).status_code == 403
    assert booking.get_balance(payout.affiliate) == 0
