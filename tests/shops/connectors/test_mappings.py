"""The table from the shop's categories to the rate card's, applied to orders that no close has settled (specification 11)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from audit.models import AuditRecord
from lib.errors import NotAllowed
from payouts.models import Commission
from shops.connectors import folding, inbox, mappings, registry, repricing
from shops.connectors.mappings import Choice
from shops.models import CategoryMapping, ShopOrder, ShopOrderLine
from shops.unrated_categories import get_current_rate_card
from tests.scenarios import (
    close_months,
    create_program,
    get_statement_figures,
    import_affiliates,
    list_rollup_differences,
    parse_utc,
)
from tests.shops.connectors.plain_shop import PlainConnector, build_delivery, make_connection
from tracking.models import OrderSnapshot

# Orders placed in January are settled by the close of February, those of February by that of March.
NOW = parse_utc("2026-02-20T12:00:00")
D = Decimal


@pytest.fixture
def connection(db, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "CONNECTORS", {"generic": PlainConnector()})
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    return make_connection()


def send(connection, order_id, *lines, placed="2026-02-10T12:00:00+00:00", coupons=("ann",), now=NOW):
    """Send an order; lines are (amount, refunded, *categories)."""
    rows = [
        {"id": str(number), "amount": amount, "refunded": refunded, "categories": names}
        for number, (amount, refunded, *names) in enumerate(lines, 1)
    ]
    order = {"id": order_id, "at": placed, "placed": placed, "coupons": list(coupons), "lines": rows}
    inbox.receive(connection=connection, delivery=build_delivery(order, at=now), now=now)
    folding.process_events(now=now)


def save(connection, *choices, now=NOW):
    found = [Choice(name, category, position) for position, (name, category) in enumerate(choices, 1)]
    card = get_current_rate_card(now)
    return mappings.save_mappings(connection=connection, choices=found, card=card, reason="Why.", now=now, by=None)


def apply(connection, now=NOW):
    digest = repricing.preview_repricing(connection, now=now).digest
    return repricing.apply_mappings(connection=connection, digest=digest, reason="Why.", now=now, by=None)


def list_categories(connection):
    return {
        row.name: row for row in mappings.list_shop_categories(connection, card=get_current_rate_card(NOW), now=NOW)
    }


def get_commissions() -> list[str]:
    return [str(amount) for amount in Commission.objects.order_by("line__pk").values_list("amount", flat=True)]


def test_unmapped_categories_show_orders_sales_and_what_they_would_have_earned(connection):
    # Toys & hobbies earn 7.00 %, everything else 3.00 %.
    send(connection, "1", ("10.00", "0.00", "Toys"), ("0.50", "0.00", "TOYS"), ("40.00", "0.00", "Odds"))
    send(connection, "2", ("20.00", "5.00", "toys"), ("7.00", "0.00"))
    send(connection, "3", ("100.00", "0.00", "Toys"), coupons=())
    rows = list_categories(connection)
    # 10.00 + 0.50 + 20.00 + 100.00; 0.30 + 0.02 (0.015) + 0.45; 0.70 + 0.04 (0.035) + 1.05.
    toys = rows["TOYS"]
    assert (toys.orders, toys.sales, toys.commission) == (3, D("130.50"), D("0.77"))
    assert (toys.suggestion, toys.percent, toys.would_earn) == ("toys-hobbies", D("7.00"), D("1.79"))
    odds = rows["Odds"]
    assert (odds.orders, odds.sales, odds.commission, odds.suggestion, odds.would_earn) == (
        *(1, D("40.00"), D("1.20")),
        *("", None),
    )
    assert (rows[""].orders, rows[""].sales) == (1, D("7.00"))
    save(connection, ("Toys", "toys-hobbies"))
    apply(connection)
    assert list_categories(connection)["Toys"][2:7] == ("toys-hobbies", 1, 0, D("0.00"), D("0.00"))


def test_first_mapping_by_position_decides(connection):
    save(connection, ("Sale", "home-decor"), ("Toys", "toys-hobbies"))
    send(connection, "1", ("10.00", "0.00", "toys", "sale"))
    assert ShopOrderLine.objects.get().mapped_by == "sale"
    mappings.save_mappings(
        connection=connection, choices=[Choice("SALE", "home-decor", 9)], card=get_current_rate_card(NOW),
        reason="Why.", now=NOW, by=None,
    )  # fmt: skip
    assert list(CategoryMapping.objects.values_list("shop_category", "position")) == [("Toys", 1), ("Sale", 2)]
    apply(connection)
    assert ShopOrderLine.objects.get().mapped_by == "toys"


def test_changed_mappings_are_recorded_and_unknown_categories_refused(connection):
    assert save(connection, ("Toys", "toys-hobbies"), ("Odds", "home-decor")) == 2
    assert save(connection, ("Toys", "toys-hobbies"), ("Odds", "home-decor")) == 0
    assert save(connection, ("Toys", "")) == 2
    record = AuditRecord.objects.filter(action="shop categories mapped").latest("pk")
    assert (record.before, record.after) == (
        {"odds": "2: home-decor", "toys": "1: toys-hobbies"},
        {"odds": "1: home-decor", "toys": None},
    )
    for name, category in (("Toys", "plush"), (" ", "home-decor"), ("x" * 301, "home-decor")):
        with pytest.raises(ValidationError):
            save(connection, (name, category))
    assert CategoryMapping.objects.count() == 1


def test_preview_changes_nothing_and_is_what_is_applied(connection):
    send(connection, "1", ("10.00", "0.00", "Toys"), ("50.00", "10.00", "Odds"))
    send(connection, "2", ("20.00", "0.00", "Odds"))
    save(connection, ("Toys", "toys-hobbies"))
    snapshots = OrderSnapshot.objects.count()
    preview = repricing.preview_repricing(connection, now=NOW)
    # Before: 0.30 + 1.20; after: 0.70 + 1.20.
    assert preview[:4] == (1, [("everything-else", "toys-hobbies", 1)], D("1.50"), D("1.90"))
    assert (preview.lines, preview.difference, preview.settled, preview.is_partial) == (1, D("0.40"), 0, False)
    assert (OrderSnapshot.objects.count(), get_commissions()) == (snapshots, ["0.30", "1.20", "0.60"])
    assert apply(connection) == preview
    assert get_commissions() == ["0.70", "1.20", "0.60"]
    assert OrderSnapshot.objects.count() == snapshots + 1
    assert repricing.preview_repricing(connection, now=NOW).orders == 0
    record = AuditRecord.objects.get(action="shop categories applied")
    assert (record.before["commission"], record.after["commission"], record.reason) == ("1.50", "1.90", "Why.")


def test_preview_that_is_out_of_date_is_not_applied(connection):
    send(connection, "1", ("10.00", "0.00", "Toys"))
    save(connection, ("Toys", "toys-hobbies"))
    digest = repricing.preview_repricing(connection, now=NOW).digest
    send(connection, "2", ("10.00", "0.00", "Plush"))
    save(connection, ("Plush", "toys-hobbies"))
    with pytest.raises(NotAllowed, match="since the preview"):
        repricing.apply_mappings(connection=connection, digest=digest, reason="Why.", now=NOW, by=None)
    assert get_commissions() == ["0.30", "0.30"]


def test_more_orders_than_one_application_takes_are_applied_in_turns(connection, monkeypatch):
    for number in range(5):
        send(connection, str(number), ("10.00", "0.00", "Toys"))
    save(connection, ("Toys", "toys-hobbies"))
    monkeypatch.setattr(repricing, "MAX_ORDERS", 2)
    monkeypatch.setattr(repricing, "BATCH", 2)
    taken = [(found.orders, found.is_partial) for found in (apply(connection) for _ in range(3))]
    assert taken[:2] == [(2, True), (2, True)]
    assert taken[2] == (1, False)
    assert get_commissions() == ["0.70"] * 5


def test_settled_orders_are_left_alone_and_replay_finds_no_difference(connection):
    """Two closes, the mappings changed twice and orders re-priced in between."""
    send(connection, "1", ("1000.00", "0.00", "Toys"), placed="2026-01-05T12:00:00+00:00")
    send(connection, "2", ("1000.00", "0.00", "Toys"), placed="2026-02-10T12:00:00+00:00")
    close_months("2026-01", "2026-02")
    assert get_statement_figures("ANN", "2026-02")[1] == "30.00"
    march = parse_utc("2026-03-05T12:00:00")
    save(connection, ("Toys", "toys-hobbies"), now=march)
    first = apply(connection, now=march)
    assert (first.orders, first.settled, first.before, first.after) == (1, 1, D("30.00"), D("70.00"))
    version = ShopOrder.objects.get(order_key="2").version
    later = march + timedelta(hours=1)
    save(connection, ("Toys", "home-decor"), now=later)
    second = apply(connection, now=later)
    assert (second.orders, second.before, second.after) == (1, D("70.00"), D("50.00"))
    newer = ShopOrder.objects.get(order_key="2").version
    assert version
    assert newer
    assert newer > version
    assert get_commissions() == ["30.00", "50.00"]
    close_months("2026-03")
    assert get_statement_figures("ANN", "2026-03")[1] == "50.00"
    call_command("replay", "--all")
    assert list_rollup_differences() == []


def test_pages_of_many_orders_take_few_statements(connection, django_assert_max_num_queries):
    for number in range(20):
        send(connection, str(number), ("10.00", "0.00", "Toys"))
    save(connection, ("Toys", "toys-hobbies"))
    with django_assert_max_num_queries(60):
        assert repricing.preview_repricing(connection, now=NOW).orders == 20


def test_figures_of_a_large_shop_are_of_its_newest_orders(connection, monkeypatch):
    for number, category in enumerate(("Old", "Toys", "Toys")):
        send(connection, str(number), ("10.00", "0.00", category))
    monkeypatch.setattr(mappings, "MAX_ORDERS", 2)
    [row] = mappings.list_shop_categories(connection, card=None, now=NOW)
    assert (row.name, row.orders, row.sales) == ("Toys", 2, D("20.00"))


def test_search_for_changed_orders_locks_nothing(connection, monkeypatch):
    send(connection, "1", ("10.00", "0.00", "Toys"))
    save(connection, ("Toys", "toys-hobbies"))
    locks = []
    search = repricing._find_orders

    def find(*arguments):
        with CaptureQueriesContext(database) as queries:
            result = search(*arguments)
        locks.extend(each["sql"] for each in queries if "FOR " in each["sql"] or "lock" in each["sql"])
        return result

    monkeypatch.setattr(repricing, "_find_orders", find)
    with CaptureQueriesContext(database) as queries:
        assert repricing.preview_repricing(connection, now=NOW).orders == 1
    statements = [each["sql"] for each in queries]
    first_lock = next(i for i, sql in enumerate(statements) if "FOR NO KEY UPDATE" in sql)
    assert any('FROM "shops_shoporder"' in sql for sql in statements[:first_lock])
    assert locks == []


def test_order_that_changed_during_the_search_is_not_applied(connection, monkeypatch):
    send(connection, "1", ("10.00", "0.00", "Toys"))
    save(connection, ("Toys", "toys-hobbies"))
    search = repricing._find_orders

    def find(*arguments):
        result = search(*arguments)
        apply_elsewhere(connection)
        return result

    def apply_elsewhere(connection):
        monkeypatch.setattr(repricing, "_find_orders", search)
        apply(connection)

    monkeypatch.setattr(repricing, "_find_orders", find)
    assert repricing.preview_repricing(connection, now=NOW).orders == 0
