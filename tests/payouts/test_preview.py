"""A dry run of the close ..."""

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
from payouts.closing import dry_run as preview
from payouts.closing import dry_run_sql
from payouts.closing.close import close_month, get_month_to_close
from payouts.closing.close_summary import iter_statement_rows, summarize_close
from payouts.commissions import holds
from payouts.disbursement import payout_transitions
from payouts.models import Close, LedgerEntry, LedgerTransaction, Payout, PayoutBatch, Statement
from payouts.payout_details import details
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY, MARCH, close_and_get_batch

pytestmark = pytest.mark.django_db
APRIL = MARCH + timedelta(days=31)
STAFF_REASON = {"source": "staff", "reason": "A court order."}


def next_month() -> Period:
    month = get_month_to_close()
    assert month
    return month


def simulate(now):
    return preview.simulate_close(month=next_month(), now=now)


def names(listed) -> dict[str, list[str]]:
    return {one.code: [f"{who.name.split('(')[1][:-1]} {who.amount}" for who in one.entries] for one in listed}


def count_of_rows() -> list[int]:
    models = (Close, Statement, Payout, PayoutBatch, LedgerTransaction, LedgerEntry)
    return [model.objects.count() for model in models]


@pytest.fixture
def crowd(make_payable_affiliate, grant, preparer):
    """One affiliate for each thing that can happen, by what happens to them, after a closed January."""
    who = {
        name: make_payable_affiliate()
        for name in ("paid", "small", "held", "suspended", "owes", "back", "poison", "moved")
    }
    who["detailless"] = make_payable_affiliate()
    who["detailless"].payout_details.all().delete()
    grant(who["back"], "70.00")
    grant(who["moved"], "90.00")
    grant(who["poison"], "33.00")
    [batch] = [close_and_get_batch(date(2026, 1, 1), FEBRUARY)]
    payout_transitions.cancel(
        payout=batch.payouts.get(affiliate=who["back"]), reason="Wrong.", now=FEBRUARY, by=preparer
    )
    for name, amount in {"paid": "100.00", "small": "15.99", "held": "40.00", "suspended": "50.00", "owes": "-30.00",
                         "detailless": "60.00", "poison": "20.00", "moved": "80.00"}.items():  # fmt: skip
        grant(who[name], amount, at=FEBRUARY)
    holds.hold_payouts(affiliate=who["held"], **STAFF_REASON, now=FEBRUARY, by=preparer)
    status_history.change_status(affiliate=who["suspended"], to=State.SUSPENDED, now=FEBRUARY, by=None, reason="a test")
    details.change_details(
        affiliate=who["moved"], method="paypal", account="elsewhere@example.com", holder="X", now=FEBRUARY, by=None
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE payouts_ledgerentry SET amount = amount - 0.01 WHERE affiliate_id = %s AND account = 'affiliate_payable'"
            " AND amount < 0",
            [who["poison"].pk],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    return who


def test_comes_to_the_figures_of_the_close_itself(crowd):
    shown = simulate(MARCH)
    rows = [[str(cell) for cell in row] for row in preview.iter_csv_rows(month=next_month(), now=MARCH)]
    closed = close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    assert shown.figures == summarize_close(closed)
    # 100.00 + 15.99 + 40.00 + 50.00 - 30.00 + 60.00 + 70.00 + 80.00, of which 100.00, 70.00 and 80.00 are paid.
    assert (shown.figures.statements, shown.figures.paid, shown.figures.payouts) == (8, Decimal("250.00"), 3)
    assert (shown.figures.carried, shown.figures.negative, shown.figures.exceptions) == (Decimal("135.99"), 1, 1)
    assert [row[:-1] for row in rows[:-1]] == list(iter_statement_rows(closed))
    assert rows[-1][0] == crowd["poison"].code
    assert "the ledger owes" in rows[-1][-1]


def test_names_who_is_carried_over_and_each_reason(crowd):
    listed = names(simulate(MARCH).carried)
    code = {name: affiliate.code for name, affiliate in crowd.items()}
    assert listed == {
        "negative_balance": [f"{code['owes']} -30.00"],
        "below_minimum": [f"{code['small']} 15.99"],
        "suspended": [f"{code['suspended']} 50.00"],
        "no_payout_details": [f"{code['detailless']} 60.00"],
        "payouts_held": [f"{code['held']} 40.00"],
    }


def test_writes_nothing_and_the_database_would_refuse_it(crowd, monkeypatch):
    before = count_of_rows()
    simulate(MARCH)
    assert count_of_rows() == before
    monkeypatch.setattr(dry_run_sql, "FIGURES", "UPDATE affiliates_affiliate SET name = 'x'")
    with pytest.raises(DatabaseError, match="read-only transaction"):
        simulate(MARCH)


def test_points_at_a_first_payout_to_changed_details_and_at_a_first_one_at_all(crowd):
    shown = names(simulate(MARCH).unusual)
    assert shown["changed_details"] == [f"{crowd['moved'].code} 80.00"]
    # Whoever's only payout was cancelled has never been paid.
    assert shown["first_payout"] == [f"{crowd['paid'].code} 100.00", f"{crowd['back'].code} 70.00"]
    close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    assert "changed_details" not in names(simulate(APRIL).unusual)


def test_does_not_take_an_account_that_is_entered_again_for_a_changed_one(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate(account="same@example.com")
    grant(affiliate, "50.00")
    close_and_get_batch(date(2026, 1, 1), FEBRUARY)
    details.change_details(
        affiliate=affiliate, method="paypal", account="same@example.com", holder="Other", now=FEBRUARY, by=None
    )
    grant(affiliate, "50.00", at=FEBRUARY)
    assert names(simulate(MARCH).unusual) == {}


def test_points_at_a_payout_over_the_limit_from_the_limit_on(make_payable_affiliate, grant, settings):
    settings.UNUSUAL_PAYOUT = 50
    under, at_it = make_payable_affiliate(), make_payable_affiliate()
    grant(under, "49.99")
    grant(at_it, "50.00")
    assert names(simulate(FEBRUARY).unusual)["over_limit"] == [f"{at_it.code} 50.00"]


def settle(affiliate, month: date, amount: str) -> None:
    """A closed month in which so much was settled, as it looks to a comparison."""
    made, _ = Close.objects.get_or_create(
        period=month,
        defaults={"starts_at": BEGIN, "ends_at": BEGIN, "closed_at": BEGIN, "cut": 0, "snapshot": "1:1:"},
    )
    Statement.objects.create(
        close=made, affiliate=affiliate, number=Statement.objects.filter(affiliate=affiliate).count() + 1,
        opening=0, lines=1, settled=amount, adjustments=-Decimal(amount), returned=0, payout=0, closing=0,
    )  # fmt: skip


@pytest.mark.parametrize(("earned_before", "is_named"), [("4.47", True), ("4.48", False)])
def test_points_at_who_earned_tenfold(earned_before, is_named, make_payable_affiliate, settings):
    """14.90 are due in February; 4.47 in one of the three months before are 1.49 a month. A fourth does not count."""
    settings.UNUSUAL_EARNINGS_MINIMUM = 10
    affiliate = earned_not_closed(make_payable_affiliate)
    for month, amount in {10: "999.00", 11: earned_before, 12: "0.00"}.items():
        settle(affiliate, date(2025, month, 1), amount)
    settle(affiliate, date(2026, 1, 1), "0.00")
    [listed] = [one for one in simulate(MARCH).unusual if one.code == "tenfold"] or [None]
    assert (listed is not None) is is_named
    if listed:
        assert (listed.entries[0].amount, listed.entries[0].previous) == (Decimal("14.90"), Decimal("1.49"))
        settings.UNUSUAL_EARNINGS_MINIMUM = 15
        assert "tenfold" not in names(simulate(MARCH).unusual)


def earned_not_closed(make_payable_affiliate):
    from shops.intake import ingest_orders
    from tests.payouts.conftest import build_snapshot
    from tracking.links.coupons import assign_coupon

    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="TEN", assigned_from=BEGIN, now=BEGIN, by=None)
    ingest_orders(snapshots=[build_snapshot("TEN-1", "TEN", ("home-decor", "298.00", "0.00"))], source="t", now=JANUARY)
    return affiliate


def test_of_a_month_that_still_runs_counts_up_to_now_only(make_payable_affiliate, grant):
    one, two = make_payable_affiliate(), make_payable_affiliate()
    grant(one, "20.00", at=JANUARY)
    grant(two, "30.00", at=JANUARY + timedelta(hours=2))
    shown = simulate(JANUARY + timedelta(hours=1))
    assert (shown.has_ended, shown.as_of, shown.figures.paid) == (False, JANUARY + timedelta(hours=1), Decimal("20.00"))
    assert simulate(FEBRUARY).figures.paid == Decimal("50.00")


def test_of_many_names_a_few_and_says_how_many_more(make_payable_affiliate, grant, monkeypatch):
    monkeypatch.setattr(preview, "MAX_LISTED", 2)
    for _ in range(3):
        grant(make_payable_affiliate(), "5.00")
    [listed] = simulate(FEBRUARY).carried
    assert (listed.affiliates, len(listed.entries), listed.more, listed.total) == (3, 2, 1, Decimal("15.00"))


@pytest.fixture
def shown_at(client, preparer):
    """The page at a moment, as text; and the CSV."""

    def read(now, name="close_close_next"):
        with time_machine.travel(now, tick=False):
            client.force_login(preparer)
            answer = client.get(reverse(f"admin:payouts_{name}"))
            assert answer.status_code == 200
            return answer.content.decode().replace("\u00a0", " ")

    return read


def test_is_a_page_with_links_the_months_before_and_the_button(crowd, shown_at):
    shown = shown_at(MARCH)
    for affiliate in (crowd["owes"], crowd["poison"], crowd["moved"]):
        assert reverse("admin:affiliates_affiliate_change", args=[affiliate.pk]) in shown
    for words in ("250.00 USD", "135.99 USD", "Close 2026-02", "First payout to changed details: 1 affiliate, 80.00 USD",
                  "193.00 USD", "1 affiliate would be set aside", "the ledger owes"):  # fmt: skip
        assert words in shown, words
    early = shown_at(FEBRUARY)
    assert "2026-02 still runs: this is no close." in early
    assert "Close 2026-02" not in early
    rows = list(csv.DictReader(io.StringIO(shown_at(MARCH, "close_dry_run"))))
    assert {row["affiliate"]: row["unusual"] for row in rows}[crowd["owes"].code] == "negative"


def test_of_nothing_says_so(agreement, shown_at, client):
    assert "There is nothing to close" in shown_at(FEBRUARY)
    with time_machine.travel(FEBRUARY, tick=False):
        assert client.get(reverse("admin:payouts_close_dry_run")).status_code == 404
