"""The dry run of a close: same figures as the close, lists for staff, and no writes."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.urls import reverse

from affiliates import status_history
from affiliates.models import State
from agreements.periods import Period
from payouts.closing import close_summary, dry_run, dry_run_sql
from payouts.closing.close import close_month, get_month_to_close
from payouts.closing.close_summary import summarize_close
from payouts.commissions import holds
from payouts.disbursement import payout_transitions
from payouts.models import Close, LedgerEntry, LedgerTransaction, Payout, PayoutBatch, Statement
from payouts.payout_details import details
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY, MARCH, close_and_get_batch

pytestmark = pytest.mark.django_db
APRIL = MARCH + timedelta(days=31)
STAFF_REASON = {"source": "staff", "reason": "A court order."}


def get_next_month() -> Period:
    month = get_month_to_close()
    assert month
    return month


def simulate(now):
    return dry_run.simulate_close(month=get_next_month(), now=now)


def read_lists(listed) -> dict[str, list[str]]:
    return {one.code: [f"{entry.name.split('(')[1][:-1]} {entry.amount}" for entry in one.entries] for one in listed}


def count_rows() -> list[int]:
    models = (Close, Statement, Payout, PayoutBatch, LedgerTransaction, LedgerEntry)
    return [model.objects.count() for model in models]


@pytest.fixture
def affiliates_by_case(make_payable_affiliate, grant, preparer):
    """Return an affiliate for each case, by the name of the case, after a closed January."""
    cases = {
        name: make_payable_affiliate()
        for name in ("paid", "small", "held", "suspended", "owes", "returned", "excluded", "moved")
    }
    cases["without_details"] = make_payable_affiliate()
    cases["without_details"].payout_details.all().delete()
    grant(cases["returned"], "70.00")
    grant(cases["moved"], "90.00")
    grant(cases["excluded"], "33.00")
    [batch] = [close_and_get_batch(date(2026, 1, 1), FEBRUARY)]
    payout_transitions.cancel(
        payout=batch.payouts.get(affiliate=cases["returned"]), reason="Wrong.", now=FEBRUARY, by=preparer
    )
    for name, amount in {"paid": "100.00", "small": "15.99", "held": "40.00", "suspended": "50.00", "owes": "-30.00",
                         "without_details": "60.00", "excluded": "20.00", "moved": "80.00"}.items():  # fmt: skip
        grant(cases[name], amount, at=FEBRUARY)
    holds.hold_payouts(affiliate=cases["held"], **STAFF_REASON, now=FEBRUARY, by=preparer)
    status_history.change_status(
        affiliate=cases["suspended"], to=State.SUSPENDED, now=FEBRUARY, by=None, reason="a test"
    )
    details.change_details(
        affiliate=cases["moved"], method="paypal", account="elsewhere@example.com", holder="X", now=FEBRUARY, by=None
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE payouts_ledgerentry SET amount = amount - 0.01"
            " WHERE affiliate_id = %s AND account = 'affiliate_payable' AND amount < 0",
            [cases["excluded"].pk],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    return cases


def test_dry_run_has_same_figures_as_the_close(affiliates_by_case):
    result = simulate(MARCH)
    rows = [[str(cell) for cell in row] for row in dry_run.iter_csv_rows(month=get_next_month(), now=MARCH)]
    closed = close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    assert result.figures == summarize_close(closed)
    # 100.00 + 15.99 + 40.00 + 50.00 - 30.00 + 60.00 + 70.00 + 80.00, of which 100.00, 70.00 and 80.00 are paid.
    assert (result.figures.statements, result.figures.paid, result.figures.payouts) == (8, Decimal("250.00"), 3)
    assert (result.figures.carried, result.figures.negative, result.figures.exceptions) == (Decimal("135.99"), 1, 1)
    # 100.00 + 15.99 + 40.00 + 50.00 - 30.00 + 60.00 + 80.00 by adjustments; January paid all but the cancelled 70.00.
    assert result.figures[3:7] == (Decimal(0), Decimal(0), Decimal("315.99"), Decimal("70.00"))
    assert [row[:-1] for row in rows[:-1]] == [
        [str(cell) for cell in row] for row in close_summary.iter_csv_rows(closed)
    ]
    assert rows[-1][0] == affiliates_by_case["excluded"].code
    assert "the ledger owes" in rows[-1][-1]


def test_dry_run_lists_carried_over_affiliates_by_reason(affiliates_by_case):
    listed = read_lists(simulate(MARCH).carried)
    code = {name: affiliate.code for name, affiliate in affiliates_by_case.items()}
    assert listed == {
        "negative_balance": [f"{code['owes']} -30.00"],
        "below_minimum": [f"{code['small']} 15.99"],
        "suspended": [f"{code['suspended']} 50.00"],
        "no_payout_details": [f"{code['without_details']} 60.00"],
        "payouts_held": [f"{code['held']} 40.00"],
    }


def test_dry_run_writes_nothing_in_a_read_only_transaction(affiliates_by_case, monkeypatch):
    before = count_rows()
    simulate(MARCH)
    assert count_rows() == before
    monkeypatch.setattr(dry_run_sql, "FIGURES", "UPDATE affiliates_affiliate SET name = 'x'")
    with pytest.raises(DatabaseError, match="read-only transaction"):
        simulate(MARCH)


def test_dry_run_lists_first_payouts_and_first_payouts_to_changed_details(affiliates_by_case):
    result = read_lists(simulate(MARCH).unusual)
    assert result["changed_details"] == [f"{affiliates_by_case['moved'].code} 80.00"]
    # An affiliate whose only payout was cancelled has never been paid.
    assert result["first_payout"] == [
        f"{affiliates_by_case['paid'].code} 100.00",
        f"{affiliates_by_case['returned'].code} 70.00",
    ]
    close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    assert "changed_details" not in read_lists(simulate(APRIL).unusual)


def test_same_account_entered_again_is_not_changed_details(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate(account="same@example.com")
    grant(affiliate, "50.00")
    close_and_get_batch(date(2026, 1, 1), FEBRUARY)
    details.change_details(
        affiliate=affiliate, method="paypal", account="same@example.com", holder="Other", now=FEBRUARY, by=None
    )
    grant(affiliate, "50.00", at=FEBRUARY)
    assert read_lists(simulate(MARCH).unusual) == {}


def test_dry_run_lists_payouts_from_exactly_the_limit(make_payable_affiliate, grant, settings):
    settings.UNUSUAL_PAYOUT = 50
    under, at_it = make_payable_affiliate(), make_payable_affiliate()
    grant(under, "49.99")
    grant(at_it, "50.00")
    assert read_lists(simulate(FEBRUARY).unusual)["over_limit"] == [f"{at_it.code} 50.00"]


def settle(affiliate, month: date, amount: str) -> None:
    """Create a close and a statement that settled `amount`, for comparison."""
    close, _ = Close.objects.get_or_create(
        period=month,
        defaults={"starts_at": BEGIN, "ends_at": BEGIN, "closed_at": BEGIN, "cut": 0, "snapshot": "1:1:"},
    )
    Statement.objects.create(
        close=close, affiliate=affiliate, number=Statement.objects.filter(affiliate=affiliate).count() + 1,
        opening=0, lines=1, settled=amount, adjustments=-Decimal(amount), returned=0, payout=0, closing=0,
    )  # fmt: skip


@pytest.mark.parametrize(("earned_before", "is_named"), [("4.47", True), ("4.48", False)])
def test_dry_run_lists_affiliates_who_earned_tenfold(earned_before, is_named, make_payable_affiliate, settings):
    """14.90 is due in February; 4.47 in one of the last three months is 1.49 a month. A fourth month does not count."""
    settings.UNUSUAL_EARNINGS_MINIMUM = 10
    affiliate = make_unsettled_affiliate(make_payable_affiliate)
    for month, amount in {10: "999.00", 11: earned_before, 12: "0.00"}.items():
        settle(affiliate, date(2025, month, 1), amount)
    settle(affiliate, date(2026, 1, 1), "0.00")
    [listed] = [one for one in simulate(MARCH).unusual if one.code == "tenfold"] or [None]
    assert (listed is not None) is is_named
    if listed:
        assert (listed.entries[0].amount, listed.entries[0].previous) == (Decimal("14.90"), Decimal("1.49"))
        settings.UNUSUAL_EARNINGS_MINIMUM = 15
        assert "tenfold" not in read_lists(simulate(MARCH).unusual)


def make_unsettled_affiliate(make_payable_affiliate):
    from shops.intake import ingest_orders
    from tests.payouts.conftest import build_snapshot
    from tracking.links.coupons import assign_coupon

    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="TEN", assigned_from=BEGIN, now=BEGIN, by=None)
    ingest_orders(snapshots=[build_snapshot("TEN-1", "TEN", ("home-decor", "298.00", "0.00"))], source="t", now=JANUARY)
    return affiliate


def test_dry_run_of_running_month_counts_up_to_now(make_payable_affiliate, grant):
    one, two = make_payable_affiliate(), make_payable_affiliate()
    grant(one, "20.00", at=JANUARY)
    grant(two, "30.00", at=JANUARY + timedelta(hours=2))
    result = simulate(JANUARY + timedelta(hours=1))
    assert (result.has_ended, result.as_of, result.figures.paid) == (
        False,
        JANUARY + timedelta(hours=1),
        Decimal("20.00"),
    )
    assert simulate(FEBRUARY).figures.paid == Decimal("50.00")


def test_lists_are_limited_and_give_total_number(make_payable_affiliate, grant, monkeypatch):
    monkeypatch.setattr(dry_run, "MAX_LISTED", 2)
    for _ in range(3):
        grant(make_payable_affiliate(), "5.00")
    [listed] = simulate(FEBRUARY).carried
    assert (listed.affiliates, len(listed.entries), listed.more, listed.total) == (3, 2, 1, Decimal("15.00"))


@pytest.fixture
def read_page(client, preparer):
    """Return a function that reads the page, or the CSV file, at a given time."""

    def read(now, name="close_close_next"):
        with time_machine.travel(now, tick=False):
            client.force_login(preparer)
            answer = client.get(reverse(f"admin:payouts_{name}"))
            assert answer.status_code == 200
            return answer.content.decode().replace("\u00a0", " ")

    return read


def test_page_has_links_figures_and_close_button(affiliates_by_case, read_page):
    result = read_page(MARCH)
    for affiliate in (affiliates_by_case["owes"], affiliates_by_case["excluded"], affiliates_by_case["moved"]):
        assert reverse("admin:affiliates_affiliate_change", args=[affiliate.pk]) in result
    for words in (
        "250.00 USD", "135.99 USD", "Close 2026-02", "First payout to changed details: 1 affiliate, 80.00 USD",
        "193.00 USD", "1 affiliate would be excluded (close exception)", "the ledger owes",
    ):  # fmt: skip
        assert words in result, words
    early = read_page(FEBRUARY)
    assert "2026-02 has not ended: it cannot be closed yet." in early
    assert "Close 2026-02" not in early
    file = read_page(MARCH, "close_dry_run")
    assert file.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(file[1:])))
    assert {row["affiliate"]: row["unusual"] for row in rows}[affiliates_by_case["owes"].code] == "negative"


def test_page_without_orders_has_nothing_to_close(agreement, read_page, client):
    assert "Nothing to close" in read_page(FEBRUARY)
    with time_machine.travel(FEBRUARY, tick=False):
        assert client.get(reverse("admin:payouts_close_dry_run")).status_code == 404
