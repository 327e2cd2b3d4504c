"""Pages and actions of payouts in the admin."""

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
def sign_in(client):
    """Return a function that signs a member of staff in, at noon on 3 February 2026."""

    def sign_in_user(user):
        client.force_login(user)
        return client

    with time_machine.travel(FEBRUARY, tick=False):
        yield sign_in_user


def build_url(row, action: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{action}", args=[row.pk])


def read_text(response):
    assert response.status_code == 200, response.status_code
    return response.content.decode().replace("\u00a0", " ")


def test_single_payout_is_counted_in_the_singular(make_draft_batch, preparer, approver, sign_in):
    batch = make_draft_batch(amounts=("20.00",))
    client = sign_in(preparer)
    assert "20.00 USD in 1 payout." in read_text(client.get(build_url(batch, "submit")))
    client.post(build_url(batch, "submit"), {"confirmed": "1"})
    assert "1 payout of 20.00 USD." in read_text(sign_in(approver).get(build_url(batch, "approve")))


def test_batch_goes_from_draft_to_paid(make_draft_batch, preparer, approver, sign_in):
    batch = make_draft_batch()
    client = sign_in(preparer)
    assert "125.50 USD in 2 payouts" in read_text(client.get(build_url(batch)))
    assert client.get(build_url(batch, "approve")).status_code == 403
    client.post(build_url(batch, "submit"), {"confirmed": "1"})
    batch.refresh_from_db()
    assert batch.state == "submitted"

    client = sign_in(approver)
    page = read_text(client.get(build_url(batch, "approve")))
    digest = approval.summarize_batch(batch, FEBRUARY).digest
    assert digest in page
    assert "125.50 USD in total" in page
    assert "100.00 USD" in page
    client.post(build_url(batch, "approve"), {"digest": "0" * 64})
    batch.refresh_from_db()
    assert batch.state == "submitted"
    client.post(build_url(batch, "approve"), {"digest": digest})
    batch.refresh_from_db()
    assert batch.state == "approved"
    assert client.get(build_url(batch, "export")).status_code == 403

    client = sign_in(preparer)
    assert "Export these payouts" in read_text(client.get(build_url(batch, "export")))
    client.post(build_url(batch, "export"))
    batch.refresh_from_db()
    assert batch.state == "sent"
    [file] = batch.files.all()
    url = reverse("admin:payouts_payoutbatch_file", args=[batch.pk, file.pk])
    assert url in read_text(client.get(build_url(batch)))
    first, again = client.get(url), client.get(url)
    assert first.content == again.content
    assert b",100.00,USD," in first.content
    assert AuditRecord.objects.filter(action="payout file downloaded").count() == 2
    assert sign_in(approver).get(url).status_code == 403

    sign_in(preparer).post(build_url(batch, "mark_paid"), {"confirmed": "1"})
    assert set(batch.payouts.values_list("state", flat=True)) == {"paid"}


def test_approval_page_shows_warnings(make_payable_affiliate, grant, preparer, approver, sign_in, settings):
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
    page = read_text(sign_in(approver).get(build_url(batch, "approve")))
    assert "2 payouts are unusual" in page
    for warning in ("First payout to changed details", "Payout over the limit", "First payout at all"):
        assert page.count(warning) == 1


def test_submitter_cannot_approve(make_draft_batch, sign_in):
    both = make_staff("payout preparers", "payout approvers")
    batch = make_draft_batch()
    client = sign_in(both)
    client.post(build_url(batch, "submit"), {"confirmed": "1"})
    assert "Another member of staff must approve" in read_text(client.get(build_url(batch, "approve")))
    digest = approval.summarize_batch(batch, FEBRUARY).digest
    response = client.post(build_url(batch, "approve"), {"digest": digest}, follow=True)
    assert "Another member of staff must approve" in read_text(response)
    batch.refresh_from_db()
    assert batch.state == "submitted"


def test_results_are_previewed_before_import(make_sent_batch, preparer, sign_in):
    batch = make_sent_batch()
    payout = batch.payouts.select_related("affiliate").get(amount="100.00")
    content = build_results_file((payout, "failed", "100.00", "closed"), ("AC0", "paid", "1.00", ""))
    client, url = sign_in(preparer), reverse("admin:payouts_payoutbatch_import_results")
    assert "first line is reference,result,amount,reason" in read_text(client.get(url))
    page = read_text(client.post(url, {"file": SimpleUploadedFile("r.csv", content)}))
    assert "nothing is changed yet" in page
    assert "refused: reference: no payout has this reference" in page
    payout.refresh_from_db()
    assert payout.state == "sent"
    done = read_text(client.post(url, {"encoded_content": base64.b64encode(content).decode(), "import": "1"}))
    assert "Results imported" in done
    payout.refresh_from_db()
    assert payout.state == "failed"
    assert "The first line must be" in read_text(client.post(url, {"file": SimpleUploadedFile("r.csv", b"x")}))
    assert "Choose a file" in read_text(client.post(url, {}))

    client.post(build_url(payout, "reissue"), {"confirmed": "1", "reason": "They called."})
    assert payout.replaced_by.amount == Decimal("100.00")


def test_results_file_input_uses_unfold_widget(preparer, sign_in):
    page = read_text(sign_in(preparer).get(reverse("admin:payouts_payoutbatch_import_results")))
    assert 'aria-label="Choose file to upload"' in page


def test_batch_page_shows_totals_and_results(make_sent_batch, preparer, sign_in):
    batch = make_sent_batch(amounts=("100.00", "25.50", "40.00", "50.00"))
    of = {str(payout.amount): payout for payout in batch.payouts.select_related("affiliate")}
    payout_transitions.pay(payout=of["25.50"], now=FEBRUARY, by=preparer)
    payout_transitions.pay(payout=of["40.00"], now=FEBRUARY, by=preparer)
    payout_transitions.fail(payout=of["40.00"], reason="closed", now=FEBRUARY, by=preparer)
    payout_transitions.fail(payout=of["100.00"], reason="closed", now=FEBRUARY, by=preparer)
    page = read_text(sign_in(preparer).get(build_url(batch)))
    assert "215.50 USD in 4 payouts" in page
    assert "1 paid, 1 failed, 1 returned, 1 without a result" in page


def test_export_of_changed_batch_voids_approval(make_draft_batch, preparer, approver, sign_in):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, FEBRUARY).digest, now=FEBRUARY, by=approver)
    batch.payouts.filter(amount="100.00").update(amount="1000.00")
    response = sign_in(preparer).post(build_url(batch, "export"), follow=True)
    assert "The approval is void" in read_text(response)
    batch.refresh_from_db()
    assert batch.state == "draft"


def test_adjustment_is_proposed_and_approved(make_payable_affiliate, preparer, approver, sign_in):
    affiliate = make_payable_affiliate()
    client, url = sign_in(preparer), reverse("admin:payouts_adjustment_propose")
    data = {
        "confirmed": "1",
        "affiliate": affiliate.code.lower(),
        "kind": "bonus",
        "amount": "-5.00",
        "reason": "Thanks.",
    }
    assert "A bonus is above zero" in read_text(client.post(url, data))
    assert "No affiliate has this code" in read_text(client.post(url, data | {"affiliate": "unknown"}))
    for invalid in ("1e3", "\uff11.00", "1_000.00", "NaN", "1,000.00", "5.001", ".5"):
        assert "Enter an amount with two decimals, such as 15.30." in read_text(
            client.post(url, data | {"amount": invalid})
        ), invalid
    assert not Adjustment.objects.exists()
    client.post(url, data | {"amount": "5.00"})
    row = Adjustment.objects.get()
    assert (row.amount, row.made_by) == (Decimal("5.00"), preparer)
    assert client.get(build_url(row, "approve")).status_code == 403
    client = sign_in(approver)
    assert "Thanks." in read_text(client.get(build_url(row, "approve")))
    client.post(build_url(row, "approve"), {"confirmed": "1"})
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("approved", approver)


def test_payout_hold_is_placed_and_released(make_payable_affiliate, preparer, sign_in):
    affiliate = make_payable_affiliate()
    client = sign_in(preparer)
    data = {"confirmed": "1", "affiliate": affiliate.code, "reason": "A court order."}
    client.post(reverse("admin:payouts_payouthold_hold"), data)
    hold = PayoutHold.objects.get()
    assert (hold.affiliate, hold.reason) == (affiliate, "A court order.")
    client.post(build_url(hold, "release"), {"confirmed": "1", "reason": "Lifted."})
    hold.refresh_from_db()
    assert hold.released_by == preparer


def test_unpayable_payouts_are_removed_and_payout_is_held(make_draft_batch, preparer, approver, sign_in):
    batch = make_draft_batch(amounts=("100.00", "25.50", "30.00"))
    changed, held = batch.payouts.get(amount="100.00"), batch.payouts.get(amount="30.00")
    PayoutDetails.objects.create(
        affiliate=changed.affiliate, method="paypal", holder="X", encrypted="x", masked="x", fingerprint="x",
        entered_at=FEBRUARY, confirmation="a test", usable_from=FEBRUARY,
    )  # fmt: skip
    assert sign_in(approver).get(build_url(batch, "remove_unpayable")).status_code == 403
    client = sign_in(preparer)
    page = read_text(client.post(build_url(batch, "submit"), {"confirmed": "1"}, follow=True))
    assert "Remove the unpayable payouts to submit the rest, or wait." in page
    page = read_text(client.get(build_url(batch, "remove_unpayable")))
    assert "100.00 USD" in page
    assert "details have changed" in page
    client.post(build_url(batch, "remove_unpayable"))
    client.post(build_url(held, "hold"), {"confirmed": "1", "reason": "A court order."})
    assert sorted(batch.payouts.values_list("state", "amount")) == [
        ("cancelled", Decimal("30.00")), ("cancelled", Decimal("100.00")), ("draft", Decimal("25.50")),
    ]  # fmt: skip
    assert PayoutHold.objects.get(affiliate=held.affiliate).reason == "A court order."
    client.post(build_url(batch, "submit"), {"confirmed": "1"})
    batch.refresh_from_db()
    assert batch.state == "submitted"
    assert "Every payout of this batch can be sent" in read_text(client.get(build_url(batch, "remove_unpayable")))


def test_next_month_is_closed_by_hand(make_payable_affiliate, grant, preparer, approver, sign_in):
    affiliate = make_payable_affiliate()
    grant(affiliate, "20.00")
    url = reverse("admin:payouts_close_close_next")
    assert sign_in(approver).get(url).status_code == 403
    client = sign_in(preparer)
    assert "Dry run of 2026-01, which has ended." in read_text(client.get(url))
    message = read_text(client.post(url, follow=True))
    assert "2026-01 closed. Statements: 1. Payouts: 1, 20.00 USD in total." in message
    assert [str(close) for close in Close.objects.all()] == ["2026-01"]
    close = Close.objects.get()
    assert "paid out: 20.00 USD" in read_text(client.get(build_url(close)))
    rows = b"".join(client.get(build_url(close, "download_csv")).streaming_content).decode().splitlines()
    assert rows[1] == f"{affiliate.code},1,0.00,0,0.00,20.00,0.00,20.00,0.00,"
    assert "2026-02 has not ended: it cannot be closed yet." in read_text(client.get(url))
    assert "has not ended yet" in read_text(client.post(url, follow=True))


def test_program_is_opened(agreement, sign_in):
    sign_in(make_staff(superuser=True)).post(reverse("admin:payouts_close_open_program"), {"confirmed": "1"})
    assert Program.current().opened_at == FEBRUARY


def test_trial_balance_links_to_entries_and_journal(make_sent_batch, preparer, sign_in):
    make_sent_batch()
    client = sign_in(preparer)
    balance = read_text(client.get(reverse("admin:payouts_ledgertransaction_trial_balance")))
    assert balance.count("125.50 USD") >= 2
    assert "0.00 USD" in balance
    link = reverse("admin:payouts_ledgerentry_changelist") + "?account__exact=payouts_in_transit"
    assert link in balance
    assert "25.50 USD" in read_text(client.get(link))
    row = LedgerTransaction.objects.filter(kind="payout")[0]
    assert row.source in read_text(client.get(build_url(row)))
    journal = b"".join(client.get(reverse("admin:payouts_ledgertransaction_journal")).streaming_content).decode()
    rows = [line.split(",") for line in journal.splitlines()]
    assert len(rows) == LedgerEntry.objects.count() + 1
    assert sum(Decimal(row[6]) for row in rows[1:]) == 0


def test_commission_page_shows_calculation(make_settled_affiliate, preparer, client):
    affiliate = make_settled_affiliate()
    with time_machine.travel(MARCH, tick=False):
        client.force_login(preparer)
        row = Commission.objects.filter(affiliate=affiliate)[0]
        page = read_text(client.get(build_url(row)))
        assert "rounded once to the cent" in page
        statement = Statement.objects.get(affiliate=affiliate)
        assert "24.90 USD" in read_text(client.get(build_url(statement)))
        assert client.get(build_url(statement, "download_pdf")).content.startswith(b"%PDF-")
        assert b"closing balance" in b"".join(client.get(build_url(statement, "download_csv")).streaming_content)


def test_rejects_are_resent_or_dismissed(agreement, preparer, sign_in):
    rows = [
        Reject.objects.create(received_at=JANUARY, source="t", order_id="1", cause="x", content='{"order_id": "1"}')
        for _ in range(2)
    ]
    client = sign_in(preparer)
    response = client.post(build_url(rows[0], "resend"), {"confirmed": "1"}, follow=True)
    assert "refused again" in read_text(response)
    client.post(build_url(rows[1], "dismiss"), {"confirmed": "1", "reason": "A test row."})
    assert [Reject.objects.get(pk=row.pk).state for row in rows] == ["open", "dismissed"]


MODELS = [
    "adjustment", "close", "commission", "commissionhold", "ledgerentry", "ledgertransaction", "payout", "payoutbatch",
    "payoutdetails", "payouthold", "closeexception", "statement",
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_models_are_read_only(model, make_sent_batch, preparer, sign_in):
    make_sent_batch(account=IBAN, method="bank")
    client = sign_in(make_staff(superuser=True))
    page = read_text(client.get(reverse(f"admin:payouts_{model}_changelist")))
    assert IBAN not in page
    assert client.get(reverse(f"admin:payouts_{model}_add")).status_code == 403


def test_payout_details_are_masked(make_payable_affiliate, preparer, sign_in):
    one, two = make_payable_affiliate(account=IBAN, method="bank"), make_payable_affiliate(account=IBAN, method="bank")
    row = PayoutDetails.objects.get(affiliate=one)
    page = read_text(sign_in(preparer).get(build_url(row)))
    assert "•••• 3000" in page
    assert IBAN not in page
    assert row.encrypted not in page
    assert row.fingerprint not in page
    assert two.code in page


def test_other_staff_groups_have_no_access(make_sent_batch, sign_in):
    batch = make_sent_batch()
    client = sign_in(make_staff("affiliate managers"))
    for url in (
        build_url(batch),
        build_url(batch, "submit"),
        reverse("admin:payouts_payoutbatch_changelist"),
        reverse("admin:payouts_payoutbatch_import_results"),
        reverse("admin:payouts_close_changelist"),
        reverse("admin:payouts_close_close_next"),
        reverse("admin:payouts_ledgertransaction_trial_balance"),
    ):
        assert client.get(url).status_code == 403, url
    payout = batch.payouts.select_related("affiliate")[0]
    assert client.post(build_url(payout, "cancel"), {"confirmed": "1", "reason": "x"}).status_code == 403
    assert booking.get_balance(payout.affiliate) == 0
