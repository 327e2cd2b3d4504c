"""The search for an order that an affiliate misses, and what promotions and statements say about one."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils.formats import date_format

from agreements import promotions
from payouts.models import Commission
from shops.intake import ingest_orders
from tests.factories import make_affiliate
from tests.payouts.conftest import BEGIN, JANUARY, build_snapshot, read_text
from tracking.links.coupons import assign_coupon

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(make_payable_affiliate):
    """Make an affiliate with the coupon code MINE and the order JP-100."""
    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="MINE", assigned_from=BEGIN, now=BEGIN, by=None)
    send_order("JP-100")
    return affiliate


def send_order(order_id: str, coupon: str = "MINE") -> None:
    row = build_snapshot(order_id, coupon, ("home-decor", "400.00", "0.00"))
    [result] = ingest_orders(snapshots=[row], source="test", now=JANUARY)
    assert result.outcome == "created", result


@pytest.mark.parametrize("number", ["JP-100", " jp-100 ", "#jp-100", "\u200bJP-100"])
def test_search_trims_and_ignores_case(number, seller, sign_in):
    client = sign_in(seller)
    answer = client.get(reverse("payouts:find_order"), {"order": number})
    assert answer.status_code == 302
    assert answer.url == reverse("payouts:order", args=[Commission.objects.get().order_id])
    assert ">JP-100</a>" in read_text(client.get(reverse("payouts:commissions"), {"order": number}))


def test_search_prefers_the_number_as_given(seller, sign_in):
    send_order("jp-100")
    pk = Commission.objects.get(order__order_id="jp-100").order_id
    answer = sign_in(seller).get(reverse("payouts:find_order"), {"order": "jp-100"})
    assert answer.url == reverse("payouts:order", args=[pk])


def test_missing_order_has_a_next_step_and_tells_nothing_of_others(seller, sign_in):
    other = make_affiliate(at=BEGIN)
    assign_coupon(affiliate=other, code="OTHER", assigned_from=BEGIN, now=BEGIN, by=None)
    send_order("JP-200", "OTHER")
    client, pages = sign_in(seller), []
    for number in ("JP-200", "JP-300"):
        answer = client.get(reverse("payouts:find_order"), {"order": number})
        assert answer.status_code == 404
        content = answer.content.decode()
        pages.append(content[content.index("<main") : content.index("</main>")].replace(number, "NUMBER"))
    assert pages[0] == pages[1]
    assert "Wait one day before you ask." in pages[0]
    address = f"{reverse('messaging:new_conversation')}?subject=Order+JP-300"
    assert address.replace("JP-300", "NUMBER") in pages[0]
    form = read_text(client.get(address + "&text=Please+check"))
    assert 'value="Order JP-300"' in form
    assert "Please check</textarea>" in form


def test_empty_list_answers_for_the_order_that_was_looked_for(seller, sign_in, settings):
    other = make_affiliate(at=BEGIN)
    assign_coupon(affiliate=other, code="OTHER", assigned_from=BEGIN, now=BEGIN, by=None)
    send_order("JP-200", "OTHER")
    client, url, pages = sign_in(seller), reverse("payouts:commissions"), []
    for number in ("JP-200", "JP-300"):
        content = read_text(client.get(url, {"order": number}))
        pages.append(content[content.index("<main") : content.index("</main>")].replace(number, "NUMBER"))
    assert pages[0] == pages[1]
    assert "No order NUMBER with your coupon or a click on your link." in pages[0]
    own = read_text(client.get(url, {"order": "jp-100", "state": "held"}))
    assert "Order JP-100 is credited to you, but does not match the other filters." in own
    assert reverse("payouts:order", args=[Commission.objects.get(affiliate=seller).order_id]) in own
    settings.ORDER_LOOKUPS_PER_HOUR = 0
    assert "You have looked up too many orders" in read_text(client.get(url, {"order": "JP-300"}))


def test_list_of_commissions_has_one_search(seller, sign_in):
    page = read_text(sign_in(seller).get(reverse("payouts:commissions")))
    assert page.count('type="search"') == 1
    assert reverse("payouts:find_order") not in page


def test_order_page_and_home_say_from_when_to_when_a_promotion_is(seller, sign_in):
    start, end = JANUARY, JANUARY + timedelta(days=60)
    promotions.create_promotion(
        name="Thanks", rate=Decimal(8), categories=["home-decor"], affiliates=[seller], starts_at=start, ends_at=end,
        now=JANUARY - timedelta(days=1), by=None,
    )  # fmt: skip
    row = build_snapshot("JP-101", "MINE", ("home-decor", "10.00", "0.00"), status="paid")
    placed_at = (start + timedelta(days=1)).isoformat()
    [result] = ingest_orders(
        snapshots=[row | {"placed_at": placed_at, "updated_at": placed_at}],
        source="test",
        now=start + timedelta(days=2),
    )
    assert result.outcome == "created", result
    first, last = (date_format(at, "j M Y, H:i") for at in (start, end))
    with time_machine.travel(start + timedelta(days=2), tick=False):
        client = sign_in(seller)
        raised, plain = (
            read_text(client.get(reverse("payouts:order", args=[pk])))
            for pk in Commission.objects.order_by("placed_at").values_list("order_id", flat=True)[::-1]
        )
        home = read_text(client.get(reverse("portal:home")))
    for page in (raised, home):
        assert f"{first} UTC" in page
        assert f"{last} UTC" in page
    assert "The promotion Thanks gives" in raised
    assert "Thanks" not in plain


def test_reports_and_statements_say_which_day_counts(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    client = sign_in(affiliate)
    page = read_text(client.get(reverse("payouts:reports")))
    assert "Reports count an order on the day it was placed. A statement counts its commission in the month" in page
    page = read_text(client.get(reverse("payouts:statement", args=[affiliate.statements.get().pk])))
    assert "A statement counts a commission in the month in which it is settled" in page
