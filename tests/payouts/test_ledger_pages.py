"""The ledger in the admin leads"""

import csv
import io
import re
from decimal import Decimal
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from payouts.ledger import booking, journal
from payouts.models import Account, LedgerEntry, LedgerTransaction, Payout, Statement
from tests.payouts.conftest import FEBRUARY, MARCH

pytestmark = pytest.mark.django_db
TRIAL = "payouts_ledgertransaction_trial_balance"


@pytest.fixture
def read(client, preparer):
    client.force_login(preparer)

    def page(address: str) -> str:
        with time_machine.travel(MARCH, tick=False):
            answer = client.get(address if address.startswith("/") else reverse(f"admin:{address}"))
        assert answer.status_code == 200, address
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return unescape(body.decode().replace("\u00a0", " ").replace("\u2212", "-"))

    return page


def rows_of(page: str) -> int:
    """How many rows a list of the admin has."""
    return len(re.findall(r'<td[^>]*class="[^"]*field-amount_display', page))


def figures(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<a class="underline"\s+href="([^"]+)">([^<]+)</a>', page)


def test_from_each_figure_of_the_trial_balance_to_exactly_the_rows_behind_it(make_sent_batch, read):
    make_sent_batch()
    page = read(TRIAL)
    assert "Sum of all accounts, which must be zero" in page
    expected = {
        "affiliate_payable": ("125.50", "125.50", "0.00"),
        "payouts_in_transit": ("0.00", "125.50", "-125.50"),
        "adjustments": ("125.50", "0.00", "125.50"),
    }
    for what, amounts in expected.items():
        debit, credit = (
            f"/admin/payouts/ledgerentry/?account__exact={what}&side={side}" for side in ("debit", "credit")
        )
        account = reverse("admin:payouts_ledgertransaction_account", args=[what])
        found = figures(page)
        assert (debit, f"{amounts[0]} USD") in found
        assert (credit, f"{amounts[1]} USD") in found
        assert (account, f"{amounts[2]} USD") in found
        for address, sign in ((debit, 1), (credit, -1)):
            entries = [entry for entry in LedgerEntry.objects.filter(account=what) if entry.amount * sign > 0]
            assert rows_of(read(address)) == len(entries), address


def test_to_the_balances_at_the_end_of_a_month(make_sent_batch, make_settled_affiliate, read):
    """The close of January, on 3 February, paid 125.50; that of February, on 3 March, another 24.90."""
    make_sent_batch()
    affiliate = next(iter(Payout.objects.all())).affiliate
    booking.post_transaction(
        source="later", kind="test", entries=[(Account.CASH, affiliate, Decimal(7)), (Account.ADJUSTMENTS, None, Decimal(-7))],
        now=MARCH, by=None,
    )  # fmt: skip
    february = read(reverse(f"admin:{TRIAL}") + "?until=2026-02")
    assert "As it stood at the end of 2026-02" in february
    assert "7.00 USD" not in february
    assert "7.00 USD" in read(TRIAL)
    assert rows_of(read("/admin/payouts/ledgerentry/?account__exact=cash&until=2026-02")) == 0
    assert rows_of(read("/admin/payouts/ledgerentry/?account__exact=cash&until=2026-03")) == 1
    assert {sums.balance for sums in journal.get_trial_balance().values()} >= {Decimal("7.00")}
    assert sum(sums.balance for sums in journal.get_trial_balance().values()) == 0


def test_from_an_account_to_its_months_and_from_each_to_its_entries_and_journal(make_settled_affiliate, read):
    """Adjustment of 10.00 and 14.90 of commissions, settled and drafted for payout on 3 March."""
    make_settled_affiliate()
    page = read(reverse("admin:payouts_ledgertransaction_account", args=["affiliate_payable"]))
    query = "/admin/payouts/ledgerentry/?account__exact=affiliate_payable&month=2026-03"
    assert (f"{query}&side=debit", "24.90 USD") in figures(page)
    assert (f"{query}&side=credit", "24.90 USD") in figures(page)
    assert rows_of(read(query)) == 2
    [address] = [address for address, text in figures(page) if text == "CSV"]
    rows = list(csv.DictReader(io.StringIO(read(address))))
    assert len(rows) == LedgerEntry.objects.count() == 5
    assert sum(Decimal(row["amount"]) for row in rows) == 0
    assert list(csv.DictReader(io.StringIO(read(address.replace("03", "02"))))) == []


def test_nowhere_from_an_account_that_is_none(read, client):
    assert client.get("/admin/payouts/ledgertransaction/accounts/pocket/").status_code == 404


def test_by_code_reference_and_source_to_what_is_searched_for(make_sent_batch, read, preparer):
    make_sent_batch()
    one, other = Payout.objects.select_related("affiliate").order_by("amount")
    for term, transactions, entries in (
        (one.affiliate.code, 2, 4), (one.reference, 1, 2), (one.reference.lower(), 1, 2), (f"payout:{other.pk}", 1, 2),
        ("close:2026-01", 2, 4), ("nothing", 0, 0),
    ):  # fmt: skip
        assert rows_of_transactions(read(f"/admin/payouts/ledgertransaction/?q={term}")) == transactions, term
        assert rows_of(read(f"/admin/payouts/ledgerentry/?q={term}")) == entries, term


def rows_of_transactions(page: str) -> int:
    return len(re.findall(r'<td[^>]*class="[^"]*field-total_display', page))


def test_from_a_transaction_to_what_it_is_about_and_back(make_sent_batch, read):
    make_sent_batch()
    payout = Payout.objects.get(amount="25.50")
    statement = Statement.objects.get(affiliate=payout.affiliate)
    drafted, settled = (
        LedgerTransaction.objects.get(source=source)
        for source in (f"payout:{payout.pk}:drafted", f"close:2026-01:{payout.affiliate_id}")
    )
    for row, about in ((drafted, payout), (settled, statement)):
        page = read(reverse("admin:payouts_ledgertransaction_change", args=[row.pk]))
        assert reverse(f"admin:payouts_{about._meta.model_name}_change", args=[about.pk]) in page
        assert "25.50 USD" in page
        back = read(reverse(f"admin:payouts_{about._meta.model_name}_change", args=[about.pk]))
        assert reverse("admin:payouts_ledgertransaction_change", args=[drafted.pk]) in back
    assert reverse("admin:payouts_ledgertransaction_change", args=[settled.pk]) in read(
        reverse("admin:payouts_statement_change", args=[statement.pk])
    )


@pytest.mark.parametrize(
    "source", ["a test", "payout:x:drafted", "close:2026-01:x", "close:x:y", "close:9999-12:z", ""]
)
def test_nowhere_from_a_source_of_nothing_that_there_is(source, agreement):
    assert journal.find_subject(source) is None


def test_by_months_from_the_first_booking_to_the_last(make_settled_affiliate, make_sent_batch):
    assert list(journal.list_ledger_months()) == []
    make_sent_batch()
    assert [f"{day:%Y-%m}" for day in journal.list_ledger_months()] == ["2026-02"]
    assert FEBRUARY.month == 2
