"""Categories without a rate, and the staff page that lists them."""

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
def order(tmp_path):
    """A function that sends an order with ANN's coupon, placed a number of days ago; a line is (category, amount)."""
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)

    def send_order(days: int, *lines: tuple[str, str], coupon: str | None = "ANN") -> None:
        at = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        [result] = send_orders(build_order(f"A{days}", *lines, at=at, placed=at, coupon=coupon), now=NOW)
        assert result.outcome == "created", result
        rollups.fold_rollups()

    return send_order


def list_categories():
    card = unrated_categories.get_current_rate_card(NOW)
    assert card
    rows = unrated_categories.list_unrated_categories(card=card, now=NOW)
    assert unrated_categories.count_unrated_categories(now=NOW) == len(rows)
    return rows


def test_categories_must_match_a_rate_exactly(order):
    order(1, ("Home Decor", "100.00"), ("home-decor", "10.00"))
    order(2, ("Home Decor", "50.00"), ("Home Decor", "1.00"))
    order(3, ("gift-cards", "20.00"))
    order(4, ("everything-else", "20.00"))
    rows = list_categories()
    # 151.00 at 3.00 %: 3.00 + 1.50 + 0.03.
    assert rows[0] == ("home decor", 2, Decimal("151.00"), Decimal("4.53"), "home-decor", Decimal("5.00"))
    assert rows[1] == ("gift-cards", 1, Decimal("20.00"), Decimal("0.60"), "", None)
    assert len(rows) == 2


def test_only_credited_orders_of_the_last_90_days_count(order):
    order(91, ("Old Name", "10.00"))
    order(89, ("New Name", "10.00"))
    order(5, ("Uncredited Name", "10.00"), coupon=None)
    assert [row.category for row in list_categories()] == ["new name"]


@pytest.mark.parametrize(
    ("category", "suggestion"),
    [
        ("Home Decor", "home-decor"), ("HOME_DECOR", "home-decor"), ("home & decor", "home-decor"),
        ("Kitchen and Dining", "kitchen-dining"), ("jewellery-accessories", "jewelry-accessories"),
        ("Toys", "toys-hobbies"), ("hobbies/toys", "toys-hobbies"), ("Lighting", "lights-lighting"),
        ("home decor and gifts", "home-decor"), ("beauty-helth", "beauty-health"),
        ("gift-cards", ""), ("", ""), ("???", ""), ("家居", ""), ("x" * 64, ""),
    ],
)  # fmt: skip
def test_similar_category_is_suggested(category, suggestion):
    assert suggest_category(category, RATES) == suggestion


def test_managers_see_the_count_and_the_page_in_few_queries(order, client):
    manager = make_staff("affiliate managers")

    def list_items() -> list[tuple[int, str]]:
        items = staff_home.list_todo_items(manager, NOW)
        return [(item.count, item.link) for item in items if item.label == "Categories without a rate"]

    assert list_items() == []
    order(1, ("<Home> Decor", "100.00"), ("gift-cards", "20.00"))
    [(count, link)] = list_items()
    assert count == 2
    client.force_login(manager)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(link).content.decode()
    assert link == reverse("shops:staff_categories")
    assert len(queries) <= 12, len(queries)
    assert "&lt;home&gt; decor" in page
    assert "home-decor" in page
    assert "100.00" in page
