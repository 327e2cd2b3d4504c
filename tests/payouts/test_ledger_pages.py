"""Ledger pages in the admin: every figure leads to its entries."""

import csv
import io
import re
from decimal import Decimal
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from payouts.disbursement import payout_transitions
from payouts.ledger import booking, journal
from payouts.models import Account, LedgerEntry, LedgerTransaction, Payout, Statement
from tests.payouts.conftest import FEBRUARY, MARCH

pytestmark = pytest.mark.django_db
TRIAL = "payouts_ledgertransaction_trial_balance"


@pytest.fixture
def read_page(client, preparer):
    """Return a function that returns the text of an admin page, given its URL or URL name."""
    client.force_login(preparer)

    def read(address: str) -> str:
        with time_machine.travel(MARCH, tick=False):
            response = client.get(address if address.startswith("/") else reverse(f"admin:{address}"))
        assert response.status_code == 200, address
        body = b"".join(response.streaming_content) if response.streaming else response.content
        return unescape(body.decode().replace("\u00a0", " ").replace("\u2212", "-"))

    return read


def count_rows(page: str) -> int:
    return len(re.findall(r'<td[^>]*class="[^"]*field-amount_display', page))


def list_figures(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<a class="underline"\s+href="([^"]+)">([^<]+)</a>', page)


def test_trial_balance_figures_link_to_their_entries(make_sent_batch, read_page):
    make_sent_batch()
    page = read_page(TRIAL)
    assert "Sum of all accounts (must be zero)" in page
    expected = {
        "affiliate_payable": ("125.50", "125.50", "0.00"),
        "payouts_in_transit": ("0.00", "125.50", "-125.50"),
        "adjustments": ("125.50", "0.00", "125.50"),
    }
    for account, amounts in expected.items():
        debit, credit = (
            f"/admin/payouts/ledgerentry/?account__exact={account}&side={side}" for side in ("debit", "credit")
        )
        account_url = reverse("admin:payouts_ledgertransaction_account", args=[account])
        found = list_figures(page)
        assert (debit, f"{amounts[0]} USD") in found
        assert (credit, f"{amounts[1]} USD") in found
        assert (account_url, f"{amounts[2]} USD") in found
        for address, sign in ((debit, 1), (credit, -1)):
            entries = [entry for entry in LedgerEntry.objects.filter(account=account) if entry.amount * sign > 0]
            assert count_rows(read_page(address)) == len(entries), address


def test_liability_has_balances_and_payouts_until_they_are_paid(make_sent_batch, grant, preparer, read_page):
    batch = make_sent_batch()
    assert booking.get_liability() == (Decimal(0), Decimal("125.50"))
    assert "125.50 USD are owed to affiliates, of which 0.00 USD are balances" in read_page(TRIAL)
    first, second = batch.payouts.order_by("amount")
    payout_transitions.fail(payout=first, reason="Closed.", now=FEBRUARY, by=preparer)
    assert booking.get_liability() == (Decimal("25.50"), Decimal("100.00"))
    payout_transitions.pay(payout=second, now=FEBRUARY, by=preparer)
    assert booking.get_liability() == (Decimal("25.50"), Decimal(0))
    assert booking.get_liability().total == Decimal("25.50")


def test_trial_balance_at_the_end_of_a_month(make_sent_batch, make_settled_affiliate, read_page):
    # The close of January, on 3 February, pays 125.50; the close of February, on 3 March, pays 24.90.
    make_sent_batch()
    affiliate = next(iter(Payout.objects.all())).affiliate
    booking.post_transaction(
        source="later",
        kind="test",
        entries=[(Account.CASH, affiliate, Decimal(7)), (Account.ADJUSTMENTS, None, Decimal(-7))],
        now=MARCH,
        by=None,
    )
    february = read_page(reverse(f"admin:{TRIAL}") + "?until=2026-02")
    assert "As of the end of 2026-02" in february
    assert "7.00 USD" not in february
    assert "7.00 USD" in read_page(TRIAL)
    assert count_rows(read_page("/admin/payouts/ledgerentry/?account__exact=cash&until=2026-02")) == 0
    assert count_rows(read_page("/admin/payouts/ledgerentry/?account__exact=cash&until=2026-03")) == 1
    assert {sums.balance for sums in journal.get_trial_balance().values()} >= {Decimal("7.00")}
    assert sum(sums.balance for sums in journal.get_trial_balance().values()) == 0


def test_account_page_links_months_to_entries_and_journal(make_settled_affiliate, read_page):
    # An adjustment of 10.00 and commissions of 14.90, posted and drafted for payout on 3 March.
    make_settled_affiliate()
    page = read_page(reverse("admin:payouts_ledgertransaction_account", args=["affiliate_payable"]))
    query = "/admin/payouts/ledgerentry/?account__exact=affiliate_payable&month=2026-03"
    assert (f"{query}&side=debit", "24.90 USD") in list_figures(page)
    assert (f"{query}&side=credit", "24.90 USD") in list_figures(page)
    assert count_rows(read_page(query)) == 2
    [address] = [address for address, text in list_figures(page) if text == "CSV"]
    file = read_page(address)
    assert file.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(file[1:])))
    assert len(rows) == LedgerEntry.objects.count() == 5
    assert sum(Decimal(row["amount"]) for row in rows) == 0
    assert list(csv.DictReader(io.StringIO(read_page(address.replace("03", "02"))))) == []


def test_unknown_account_is_not_found(read_page, client):
    assert client.get("/admin/payouts/ledgertransaction/accounts/pocket/").status_code == 404


def test_search_by_code_reference_and_source(make_sent_batch, read_page, preparer):
    make_sent_batch()
    one, other = Payout.objects.select_related("affiliate").order_by("amount")
    for term, transactions, entries in (
        (one.affiliate.code, 2, 4), (one.reference, 1, 2), (one.reference.lower(), 1, 2), (f"payout:{other.pk}", 1, 2),
        ("close:2026-01", 2, 4), ("nothing", 0, 0),
    ):  # fmt: skip
        assert count_transactions(read_page(f"/admin/payouts/ledgertransaction/?q={term}")) == transactions, term
        assert count_rows(read_page(f"/admin/payouts/ledgerentry/?q={term}")) == entries, term


def count_transactions(page: str) -> int:
    return len(re.findall(r'<td[^>]*class="[^"]*field-total_display', page))


def test_transaction_links_to_its_source_and_back(make_sent_batch, read_page):
    make_sent_batch()
    payout = Payout.objects.get(amount="25.50")
    statement = Statement.objects.get(affiliate=payout.affiliate)
    drafted, settled = (
        LedgerTransaction.objects.get(source=source)
        for source in (f"payout:{payout.pk}:drafted", f"close:2026-01:{payout.affiliate_id}")
    )
    for row, about in ((drafted, payout), (settled, statement)):
        page = read_page(reverse("admin:payouts_ledgertransaction_change", args=[row.pk]))
        assert reverse(f"admin:payouts_{about._meta.model_name}_change", args=[about.pk]) in page
        assert "25.50 USD" in page
        back = read_page(reverse(f"admin:payouts_{about._meta.model_name}_change", args=[about.pk]))
        assert reverse("admin:payouts_ledgertransaction_change", args=[drafted.pk]) in back
    assert reverse("admin:payouts_ledgertransaction_change", args=[settled.pk]) in read_page(
        reverse("admin:payouts_statement_change", args=[statement.pk])
    )


@pytest.mark.parametrize(
    "source", ["a test", "payout:x:drafted", "close:2026-01:x", "close:x:y", "close:9999-12:z", ""]
)
def test_unknown_source_has_no_object(source, agreement):
    assert journal.find_subject(source) is None


def test_ledger_months_start_with_the_first_booking(make_settled_affiliate, make_sent_batch):
    assert list(journal.list_ledger_months()) == []
    make_sent_batch()
    assert [f"{day:%Y-%m}" for day in journal.list_ledger_months()] == ["2026-02"]
    assert FEBRUARY.month == 2
