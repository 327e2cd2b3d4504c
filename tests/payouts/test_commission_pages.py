"""A commission ..."""

from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse

from payouts.commissions import holds
from payouts.models import Commission
from payouts.reporting import commission_list
from shops.intake import ingest_orders
from tests.factories import make_affiliate
from tests.payouts.conftest import BEGIN, JANUARY, MARCH, build_snapshot
from tests.payouts.test_statement_pages import reader, text  # noqa: F401 -- a fixture
from tracking.links.coupons import assign_coupon

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders(make_payable_affiliate):
    """An affiliate with one order in each state that orders bring about."""
    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="MINE", assigned_from=BEGIN, now=BEGIN, by=None)
    ingest_orders(
        snapshots=[
            build_snapshot("done", "MINE", ("home-decor", "16.00", "0.00"), ("home-decor", "16.00", "16.00")),
            build_snapshot("open", "MINE", ("home-decor", "20.00", "0.00"), status="paid"),
            build_snapshot("held", "MINE", ("home-decor", "40.00", "0.00")),
        ],
        source="test",
        now=JANUARY,
    )
    held = Commission.objects.filter(order__order_id="held")
    holds.hold_commissions(commissions=held, source="review:1", reason="Review 1", now=JANUARY, by=None)
    return affiliate


def states(affiliate, now):
    return {
        f"{row.order}/{row.line.line_id}": getattr(row, "state", None)
        for row in commission_list.list_commissions(affiliate, now)
    }


def test_has_the_state_that_the_contract_names(orders):
    first_instant = JANUARY.replace(month=2, day=1, hour=12)
    assert states(orders, JANUARY) == {"done/1": "pending", "done/2": "void", "open/1": "pending", "held/1": "held"}
    assert states(orders, first_instant)["done/1"] == "validated"
    assert states(orders, first_instant.replace(hour=11, minute=59))["done/1"] == "pending"


def test_of_an_order_that_turned_out_to_be_nobodys_is_not_listed(orders):
    later = build_snapshot("open", "", ("home-decor", "20.00", "0.00"), status="paid") | {
        "updated_at": "2026-01-20T00:00:00Z"
    }
    ingest_orders(snapshots=[later], source="test", now=JANUARY)
    assert Commission.objects.filter(affiliate=orders, order__order_id="open").exists()
    assert states(orders, JANUARY).keys() == {"done/1", "done/2", "held/1"}


def test_is_listed_and_found_by_state_month_and_category(orders, reader):  # noqa: F811
    client, address = reader(orders), reverse("payouts:commissions")
    with time_machine.travel(MARCH, tick=False):
        page = text(client.get(address))
        assert page.count("0.80 USD") == 1
        assert "home-decor" in page
        assert "2.00 USD" in page
        assert "Thing" not in page
        held = text(client.get(address, {"state": "held"}))
        assert "2.00 USD" in held
        assert "0.80 USD" not in held
        assert "0.80 USD" in text(client.get(address, {"month": "2026-01"}))
        assert "0.80 USD" not in text(client.get(address, {"month": "2026-02"}))
        assert "0.80 USD" not in text(client.get(address, {"category": "sports-garden"}))


@pytest.mark.parametrize(
    "query", [{"after": "x"}, {"after": "2026-01-01T00:00:00Z~"}, {"after": "2026-13-45T00:00:00Z~1"}, {"month": "x"},
              {"state": "x"}, {"after": "2026-01-01T00:00:00~1"}, {"after": "\x00~1"}, {"month": "0000-00"},
              {"month": "9999-12"}],
)  # fmt: skip
def test_list_answers_what_nobody_would_ask(query, orders, reader):  # noqa: F811
    assert reader(orders).get(reverse("payouts:commissions"), query).status_code == 200


def test_list_is_read_page_by_page_without_missing_one(orders, monkeypatch):
    monkeypatch.setattr(commission_list, "PAGE_SIZE", 2)
    seen, after = [], ""
    while True:
        page = commission_list.get_page(commission_list.list_commissions(orders, MARCH), after)
        seen += [row.pk for row in page.rows]
        after = page.next_cursor
        if not after:
            break
    assert len(seen) == len(set(seen)) == 4


def test_shows_why_on_the_page_of_its_order(orders, reader):  # noqa: F811
    client = reader(orders)
    order = {row.order.order_id: row.order for row in Commission.objects.select_related("order")}
    with time_machine.travel(MARCH, tick=False):
        page = text(client.get(reverse("payouts:order", args=[order["done"].pk])))
        for words in ("The order names your coupon MINE", "16.00 x 5.00 % = 0.80", "clause 4.1", "clause 4.4",
                      "Thing &lt;b&gt;1&lt;/b&gt;", "posts it to your balance"):  # fmt: skip
            assert words in page, words
        assert "waits until the shop reports" in text(client.get(reverse("payouts:order", args=[order["open"].pk])))
        held = text(client.get(reverse("payouts:order", args=[order["held"].pk])))
        assert "It is held: Review 1" in held
        assert "clause 8" in held


def test_links_to_the_statement_that_settled_it(make_settled_affiliate, reader):  # noqa: F811
    affiliate = make_settled_affiliate()
    row = Commission.objects.select_related("order").filter(affiliate=affiliate)[0]
    page = text(reader(affiliate).get(reverse("payouts:order", args=[row.order_id])))
    assert "statement of February 2026" in page


def test_of_another_answers_like_one_that_is_not_there(orders, reader):  # noqa: F811
    client = reader(make_affiliate(at=BEGIN))
    for pk in (Commission.objects.all()[0].order_id, uuid4()):
        assert client.get(reverse("payouts:order", args=[pk])).status_code == 404


def test_list_needs_as_many_queries_for_two_as_for_two_hundred(orders, reader, django_assert_max_num_queries):  # noqa: F811
    client, address = reader(orders), reverse("payouts:commissions")
    lines = [("home-decor", "1.00", "0.00")] * 200
    ingest_orders(snapshots=[build_snapshot("many", "MINE", *lines)], source="test", now=JANUARY)
    with django_assert_max_num_queries(12):
        page = client.get(address)
    assert "older" in text(page)
