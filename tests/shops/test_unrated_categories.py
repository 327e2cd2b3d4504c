"""Categories without a rate of their own"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from payouts.commissions import rollups
from portal import staff_home
from shops import unrated_categories
from shops.unrated_categories import suggest_category
from tests.factories import make_staff
from tests.scenarios import NOW, build_order, create_program, import_affiliates, send_orders

pytestmark = pytest.mark.django_db
RATES = (
    "consumer-electronics", "office-school", "home-decor", "lights-lighting", "kitchen-dining", "sports-garden",
    "toys-hobbies", "bags-shoes", "beauty-health", "jewelry-accessories", "everything-else",
)  # fmt: skip


@pytest.fixture
def ordered(tmp_path):
    """Sends orders with ANN's coupon, placed so many days ago, of a (category, amount) each."""
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)

    def sent(days: int, *lines: tuple[str, str], coupon: str | None = "ANN") -> None:
        at = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        [result] = send_orders(build_order(f"A{days}", *lines, at=at, placed=at, coupon=coupon), now=NOW)
        assert result.outcome == "created", result
        rollups.fold_rollups()

    return sent


def found():
    card = unrated_categories.get_current_rate_card(NOW)
    assert card
    rows = unrated_categories.list_unrated_categories(card=card, now=NOW)
    assert unrated_categories.count_unrated_categories(now=NOW) == len(rows)
    return rows


def test_are_those_that_no_rate_names_to_the_letter(ordered):
    ordered(1, ("Home Decor", "100.00"), ("home-decor", "10.00"))
    ordered(2, ("Home Decor", "50.00"), ("Home Decor", "1.00"))
    ordered(3, ("gift-cards", "20.00"))
    ordered(4, ("everything-else", "20.00"))
    rows = found()
    # 151.00 at 3.00 %: 3.00 + 1.50 + 0.03.
    assert rows[0] == ("Home Decor", 2, Decimal("151.00"), Decimal("4.53"), "home-decor", Decimal("5.00"))
    assert rows[1] == ("gift-cards", 1, Decimal("20.00"), Decimal("0.60"), "", None)
    assert len(rows) == 2


def test_are_of_the_last_90_days_and_of_affiliates(ordered):
    ordered(91, ("Old Name", "10.00"))
    ordered(89, ("New Name", "10.00"))
    ordered(5, ("Nobodys Name", "10.00"), coupon=None)
    assert [row.category for row in found()] == ["New Name"]


@pytest.mark.parametrize(
    ("category", "meant"),
    [
        ("Home Decor", "home-decor"), ("HOME_DECOR", "home-decor"), ("home & decor", "home-decor"),
        ("Kitchen and Dining", "kitchen-dining"), ("jewellery-accessories", "jewelry-accessories"),
        ("Toys", "toys-hobbies"), ("hobbies/toys", "toys-hobbies"), ("Lighting", "lights-lighting"),
        ("home decor and gifts", "home-decor"), ("beauty-helth", "beauty-health"),
        ("gift-cards", ""), ("", ""), ("???", ""), ("家居", ""), ("x" * 64, ""),
    ],
)  # fmt: skip
def test_are_suggested_what_may_have_been_meant(category, meant):
    assert suggest_category(category, RATES) == meant


def test_are_counted_for_managers_and_shown_in_few_queries(ordered, client):
    manager = make_staff("affiliate managers")

    def counted() -> list[tuple[int, str]]:
        items = staff_home.list_todo_items(manager, NOW)
        return [(item.count, item.link) for item in items if item.label == "Categories without a rate"]

    assert counted() == []
    ordered(1, ("<Home> Decor", "100.00"), ("gift-cards", "20.00"))
    [(number, link)] = counted()
    assert number == 2
    client.force_login(manager)
    with CaptureQueriesContext(connection) as asked:
        shown = client.get(link).content.decode()
    assert link == reverse("shops:staff_categories")
    assert len(asked) <= 12, len(asked)
    assert "&lt;Home&gt; Decor" in shown
    assert "home-decor" in shown
    assert "100.00" in shown
