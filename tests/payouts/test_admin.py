"""Closes, ledger, adjustments, holds and payout details in the admin."""

from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from agreements.models import Program
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
from shops.models import Reject
from tests.admin_confirmation import confirm_twice
from tests.factories import make_staff
from tests.payouts.conftest import FEBRUARY, IBAN, JANUARY, MARCH, build_url, read_text

pytestmark = pytest.mark.django_db


def test_adjustment_is_proposed_and_approved(make_payable_affiliate, preparer, approver, sign_in_staff):
    affiliate = make_payable_affiliate()
    client, url = sign_in_staff(preparer), reverse("admin:payouts_adjustment_propose")
    data = {
        "confirmed": "1",
        "affiliate": affiliate.code.lower(),
        "kind": "bonus",
        "amount": "-5.00",
        "reason": "Thanks.",
    }
    assert "A bonus must be positive" in read_text(client.post(url, data))
    assert "No affiliate has this code, name or e-mail address." in read_text(
        client.post(url, data | {"affiliate": "unknown"})
    )
    for invalid in ("1e3", "\uff11.00", "1_000.00", "NaN", "1,000.00", "5.001", ".5"):
        assert "Enter an amount with two decimals, such as 15.30." in read_text(
            client.post(url, data | {"amount": invalid})
        ), invalid
    for beyond in ("1000000000.00", "99999999999.00", "999999999999.99"):
        assert "Enter an amount of at most 999999999.99." in read_text(client.post(url, data | {"amount": beyond}))
    assert not Adjustment.objects.exists()
    confirm_twice(client, url, data | {"amount": "5.00"})
    row = Adjustment.objects.get()
    assert (row.amount, row.made_by) == (Decimal("5.00"), preparer)
    assert client.get(build_url(row, "approve")).status_code == 403
    client = sign_in_staff(approver)
    assert "Thanks." in read_text(client.get(build_url(row, "approve")))
    client.post(build_url(row, "approve"), {"confirmed": "1"})
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("approved", approver)


def test_payout_hold_is_placed_and_released(make_payable_affiliate, preparer, sign_in_staff):
    affiliate = make_payable_affiliate()
    client = sign_in_staff(preparer)
    data = {"confirmed": "1", "affiliate": affiliate.code, "reason": "A court order."}
    confirm_twice(client, reverse("admin:payouts_payouthold_hold"), data)
    hold = PayoutHold.objects.get()
    assert (hold.affiliate, hold.reason) == (affiliate, "A court order.")
    page = read_text(client.get(build_url(hold, "release")))
    # Nothing was earned, so that the release alone pays nothing.
    assert "0.00 USD on" in page
    assert "the payout threshold is" in page
    assert "No. The affiliate reads why:" in page
    assert "A court order." not in page.partition("The affiliate reads why:")[2]
    assert "The affiliate is not notified. Your reason is kept in the audit trail" in page
    confirm_twice(client, build_url(hold, "release"), {"reason": "Lifted."})
    hold.refresh_from_db()
    assert hold.released_by == preparer
    assert "Lifted." in read_text(client.get(build_url(hold)))


def test_next_month_is_closed_by_hand(make_payable_affiliate, grant, preparer, approver, sign_in_staff):
    affiliate = make_payable_affiliate()
    grant(affiliate, "20.00")
    url = reverse("admin:payouts_close_close_next")
    assert sign_in_staff(approver).get(url).status_code == 403
    client = sign_in_staff(preparer)
    assert "Dry run for 2026-01. The month has ended, so it can be closed." in read_text(client.get(url))
    message = read_text(client.post(url, follow=True))
    assert "2026-01 closed. Statements: 1. Payouts: 1, 20.00 USD in total." in message
    assert [str(close) for close in Close.objects.all()] == ["2026-01"]
    close = Close.objects.get()
    assert "- payouts: 20.00 USD" in read_text(client.get(build_url(close)))
    rows = b"".join(client.get(build_url(close, "download_csv")).streaming_content).decode().splitlines()
    assert rows[0].startswith("\ufeffaffiliate,")
    assert rows[1] == f"{affiliate.code},1,0.00,0,0.00,20.00,0.00,20.00,0.00,"
    assert "2026-02 has not ended: it cannot be closed yet." in read_text(client.get(url))
    assert "has not ended yet" in read_text(client.post(url, follow=True))


def test_program_is_opened(agreement, sign_in_staff):
    sign_in_staff(make_staff(superuser=True)).post(reverse("admin:payouts_close_open_program"), {"confirmed": "1"})
    assert Program.current().opened_at == FEBRUARY


def test_trial_balance_links_to_entries_and_journal(make_sent_batch, preparer, sign_in_staff):
    make_sent_batch()
    client = sign_in_staff(preparer)
    balance = read_text(client.get(reverse("admin:payouts_ledgertransaction_trial_balance")))
    assert balance.count("125.50 USD") >= 2
    assert "0.00 USD" in balance
    assert "Commissions that no close has settled yet are not included: 0.00 USD." in balance
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


def test_rejects_are_resent_or_dismissed(agreement, preparer, sign_in_staff):
    rows = [
        Reject.objects.create(received_at=JANUARY, source="t", order_id="1", cause="x", content='{"order_id": "1"}')
        for _ in range(2)
    ]
    client = sign_in_staff(preparer)
    response = client.post(build_url(rows[0], "resend"), {"confirmed": "1"}, follow=True)
    assert "rejected again" in read_text(response)
    client.post(build_url(rows[1], "dismiss"), {"confirmed": "1", "reason": "A test row."})
    assert [Reject.objects.get(pk=row.pk).state for row in rows] == ["open", "dismissed"]


MODELS = [
    "adjustment", "close", "commission", "commissionhold", "ledgerentry", "ledgertransaction", "payout", "payoutbatch",
    "payoutdetails", "payouthold", "closeexception", "statement",
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_models_are_read_only(model, make_sent_batch, preparer, sign_in_staff):
    make_sent_batch(account=IBAN, method="bank")
    client = sign_in_staff(make_staff(superuser=True))
    page = read_text(client.get(reverse(f"admin:payouts_{model}_changelist")))
    assert IBAN not in page
    assert client.get(reverse(f"admin:payouts_{model}_add")).status_code == 403


def test_payout_details_are_masked(make_payable_affiliate, preparer, sign_in_staff):
    one, two = make_payable_affiliate(account=IBAN, method="bank"), make_payable_affiliate(account=IBAN, method="bank")
    row = PayoutDetails.objects.get(affiliate=one)
    page = read_text(sign_in_staff(preparer).get(build_url(row)))
    assert "•••• 3000" in page
    assert IBAN not in page
    assert row.encrypted not in page
    assert row.fingerprint not in page
    assert two.code in page


def test_other_staff_groups_have_no_access(make_sent_batch, sign_in_staff):
    batch = make_sent_batch()
    client = sign_in_staff(make_staff("affiliate managers"))
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
