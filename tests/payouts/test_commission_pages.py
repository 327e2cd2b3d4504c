"""Pages of commissions and orders."""

from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse

from payouts.commissions import holds
from payouts.models import Commission
from payouts.reporting import commission_list
from shops.intake import ingest_orders
from tests.factories import make_affiliate
from tests.payouts.conftest import BEGIN, JANUARY, MARCH, build_snapshot, read_text
from tracking.links.coupons import assign_coupon

pytestmark = pytest.mark.django_db


@pytest.fixture
def affiliate(make_payable_affiliate):
    """Create an affiliate with orders that are done, open and held."""
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


def list_states(affiliate, now):
    return {
        f"{row.order}/{row.line.line_id}": getattr(row, "state", None)
        for row in commission_list.list_commissions(affiliate, now)
    }


def test_states_of_commissions(affiliate):
    validated_at = JANUARY.replace(month=2, day=1, hour=12)
    assert list_states(affiliate, JANUARY) == {
        "done/1": "pending",
        "done/2": "void",
        "open/1": "pending",
        "held/1": "held",
    }
    assert list_states(affiliate, validated_at)["done/1"] == "validated"
    assert list_states(affiliate, validated_at.replace(hour=11, minute=59))["done/1"] == "pending"


def test_commission_of_unattributed_order_is_not_listed(affiliate):
    later = build_snapshot("open", "", ("home-decor", "20.00", "0.00"), status="paid") | {
        "updated_at": "2026-01-20T00:00:00Z"
    }
    ingest_orders(snapshots=[later], source="test", now=JANUARY)
    assert Commission.objects.filter(affiliate=affiliate, order__order_id="open").exists()
    assert list_states(affiliate, JANUARY).keys() == {"done/1", "done/2", "held/1"}


def test_list_is_filtered_by_state_month_and_category(affiliate, sign_in):
    client, url = sign_in(affiliate), reverse("payouts:commissions")
    with time_machine.travel(MARCH, tick=False):
        page = read_text(client.get(url))
        assert page.count("0.80 USD") == 1
        assert "Home decor" in page
        assert "2.00 USD" in page
        assert "Thing" not in page
        held = read_text(client.get(url, {"state": "held"}))
        assert "2.00 USD" in held
        assert "0.80 USD" not in held
        assert "0.80 USD" in read_text(client.get(url, {"month": "2026-01"}))
        assert "0.80 USD" not in read_text(client.get(url, {"month": "2026-02"}))
        assert "0.80 USD" not in read_text(client.get(url, {"category": "sports-garden"}))


@pytest.mark.parametrize(
    "query", [{"after": "x"}, {"after": "2026-01-01T00:00:00Z~"}, {"after": "2026-13-45T00:00:00Z~1"}, {"month": "x"},
              {"state": "x"}, {"after": "2026-01-01T00:00:00~1"}, {"month": "0000-00"},
              {"month": "9999-12"}],
)  # fmt: skip
def test_list_ignores_invalid_queries(query, affiliate, sign_in):
    assert sign_in(affiliate).get(reverse("payouts:commissions"), query).status_code == 200


def test_list_pages_contain_every_commission_once(affiliate, monkeypatch):
    monkeypatch.setattr(commission_list, "PAGE_SIZE", 2)
    seen, after = [], ""
    while True:
        page = commission_list.get_page(commission_list.list_commissions(affiliate, MARCH), after)
        seen += [row.pk for row in page.rows]
        after = page.next_cursor
        if not after:
            break
    assert len(seen) == len(set(seen)) == 4


def test_order_page_explains_commissions(affiliate, sign_in):
    client = sign_in(affiliate)
    order = {row.order.order_id: row.order for row in Commission.objects.select_related("order")}
    with time_machine.travel(MARCH, tick=False):
        page = read_text(client.get(reverse("payouts:order", args=[order["done"].pk])))
        for expected in ("The order names your coupon MINE", "16.00 x 5.00 % = 0.80", "clause 4.1", "clause 4.4",
                      "Thing &lt;b&gt;1&lt;/b&gt;", "added to your balance when", "amounts before any tax"):  # fmt: skip
            assert expected in page, expected
        assert "Waiting for the shop to mark the order complete" in read_text(
            client.get(reverse("payouts:order", args=[order["open"].pk]))
        )
        held = read_text(client.get(reverse("payouts:order", args=[order["held"].pk])))
        assert "On hold: Review 1" in held
        assert "clause 8" in held


def test_order_page_links_to_the_statement(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    row = Commission.objects.select_related("order").filter(affiliate=affiliate)[0]
    page = read_text(sign_in(affiliate).get(reverse("payouts:order", args=[row.order_id])))
    assert "statement of February 2026" in page


def test_order_of_another_affiliate_is_not_found(affiliate, sign_in):
    client = sign_in(make_affiliate(at=BEGIN))
    for pk in (Commission.objects.all()[0].order_id, uuid4()):
        assert client.get(reverse("payouts:order", args=[pk])).status_code == 404


def test_list_query_count_does_not_depend_on_lines(affiliate, sign_in, django_assert_max_num_queries):
    client, url = sign_in(affiliate), reverse("payouts:commissions")
    lines = [("home-decor", "1.00", "0.00")] * 200
    ingest_orders(snapshots=[build_snapshot("many", "MINE", *lines)], source="test", now=JANUARY)
    with django_assert_max_num_queries(12):
        page = client.get(url)
    assert "Older" in read_text(page)
