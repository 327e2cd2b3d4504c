"""The list of an affiliate's links with what they earned."""

import csv
import html
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Affiliate
from agreements.models import Program
from payouts.commissions import rollups
from payouts.reporting.link_figures import load_link_figures
from tests.factories import make_staff
from tests.payouts.click_data import make_click, make_link, send_order
from tests.scenarios import create_program, import_affiliates
from tracking.links import own_names, tracking_links
from tracking.models import Link

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
AT = "2026-03-10T12:00:00Z"


@pytest.fixture(params=[True, False], ids=["rolled up", "not rolled up"])
def fold(request):
    """Update the daily totals, or not: figures must be the same."""
    return rollups.fold_rollups if request.param else lambda: None


@pytest.fixture
def affiliates(tmp_path) -> dict[str, Affiliate]:
    create_program("2026-01-01")
    return import_affiliates(["ANN", "BEN"], tmp_path)


@pytest.fixture
def ann(affiliates) -> Affiliate:
    return affiliates["ANN"]


@pytest.fixture
def links(ann) -> dict[str, Link]:
    """Spring has 3 clicks and 2 orders, Autumn 5 clicks and 1 order, Winter nothing."""
    rows = {name: make_link(ann, name) for name in ("Spring", "Autumn", "Winter")}
    first, second, _third = [make_click(rows["Spring"], DAY) for _number in range(3)]
    autumn, *_others = [make_click(rows["Autumn"], DAY) for _number in range(5)]
    make_click(rows["Autumn"], DAY, kind="bot")
    send_order("A1", ("home-decor", "10.00"), at=AT, click=first)
    send_order("A2", ("home-decor", "20.00"), ("toys-hobbies", "10.00"), at=AT, click=second)
    send_order("A3", ("home-decor", "8.00"), at=AT, click=autumn)
    send_order("A4", ("home-decor", "90.00"), at=AT, coupon="ANN")
    send_order("A5", ("home-decor", "70.00"), at=AT, click=first, status="cancelled")
    return rows


@pytest.fixture
def signed_in(client: Client, ann: Affiliate) -> Client:
    client.force_login(ann.user)
    return client


def list_names(client: Client, **parameters: str) -> list[str]:
    text = client.get("/links/", parameters).content.decode()
    return re.findall(r'<a href="/links/[0-9a-f-]{36}/">(\w+)</a>', text)


def read_csv(client: Client, **parameters: str) -> list[dict[str, str]]:
    content = client.get("/links/links.csv", parameters).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def test_figures_are_those_of_reports(ann, links, fold):
    fold()
    make_click(links["Winter"], DAY)
    found = {link: tuple(map(str, (*each[:2], each.commission))) for link, each in load_link_figures(ann).items()}
    # 10.00 and 20.00 x 5 % and 10.00 x 7 %; 8.00 x 5 %
    assert found == {
        links["Spring"].pk: ("3", "2", "2.20"),
        links["Autumn"].pk: ("5", "1", "0.40"),
        links["Winter"].pk: ("1", "0", "0"),
    }


def test_figures_of_another_affiliate_are_not_counted(affiliates, links, fold):
    fold()
    assert load_link_figures(affiliates["BEN"]) == {}


def test_list_shows_clicks_orders_conversion_and_earnings(signed_in, links):
    text = signed_in.get("/links/").content.decode()
    row = text[text.index(">Spring</a>") :]
    row = row[: row.index("</tr>")]
    cells = re.findall(r'data-label="([^"]+)"[^>]*>([^<]*)', row)
    assert cells[1:5] == [("Clicks", "3"), ("Orders", "2"), ("Conversion", "66.67\u00a0%"), ("Earned", "2.20")]
    table = text[text.index("<h2>Links</h2>") : text.index("<h2>Coupons</h2>")]
    assert table.count("USD") == 1


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("-clicks", ["Autumn", "Spring", "Winter"]),
        ("clicks", ["Winter", "Spring", "Autumn"]),
        ("-orders", ["Spring", "Autumn", "Winter"]),
        ("-conversion", ["Spring", "Autumn", "Winter"]),
        ("-earned", ["Spring", "Autumn", "Winter"]),
        ("earned", ["Winter", "Autumn", "Spring"]),
        ("name", ["Autumn", "Spring", "Winter"]),
        ("-name", ["Winter", "Spring", "Autumn"]),
        ("nonsense", ["Winter", "Autumn", "Spring"]),
    ],
)
def test_list_is_sorted(signed_in, links, sort, names):
    assert list_names(signed_in, sort=sort) == names


def test_list_is_searched(signed_in, links):
    tracking_links_of = {name: tracking_links.build_short_url(link) for name, link in links.items()}
    own_names.publish_name(link=links["Winter"], name="cold-days", now=DAY)
    own_names.publish_name(link=links["Winter"], name="ice-days", now=DAY)
    Link.objects.filter(pk=links["Autumn"].pk).update(target="https://shop.example/leaves")
    for text, names in {
        "SPRI": ["Spring"],
        "leaves": ["Autumn"],
        "shop.example": ["Winter", "Autumn", "Spring"],
        "cold-days": ["Winter"],
        "ICE": ["Winter"],
        tracking_links_of["Spring"]: ["Spring"],
        f"{tracking_links_of['Spring']}?sub1=x": ["Spring"],
        "%": [],
        "\x00": [],
        "x" * 300: [],
    }.items():
        assert sorted(list_names(signed_in, search=text)) == sorted(names), text
    assert "Clear filters" in signed_in.get("/links/", {"search": "nothing like it"}).content.decode()


def test_list_is_filtered_by_status(signed_in, ann, links):
    tracking_links.pause_link(link=links["Spring"], now=DAY, by=ann.user)
    tracking_links.archive_link(link=links["Winter"], now=DAY, by=ann.user)
    assert list_names(signed_in) == ["Autumn", "Spring"]
    assert list_names(signed_in, status="active") == ["Autumn"]
    assert list_names(signed_in, status="paused") == ["Spring"]
    assert list_names(signed_in, status="archived") == ["Winter"]
    assert list_names(signed_in, status="nonsense") == []


def test_csv_has_the_links_of_the_list(signed_in, ann, links):
    tracking_links.archive_link(link=links["Winter"], now=DAY, by=ann.user)
    rows = read_csv(signed_in)
    assert [row["link"] for row in rows] == ["Autumn", "Spring"]
    assert list(rows[1].values())[1:] == [
        tracking_links.build_short_url(links["Spring"]),
        *("https://shop.example/", "3", "2", "66.67", "2.20", "USD", "active"),
        links["Spring"].created_at.isoformat(),
        *("", "", "", "", ""),
    ]
    assert [row["status"] for row in read_csv(signed_in, status="archived")] == ["archived"]


def test_empty_list_says_what_to_do(client, affiliates):
    client.force_login(affiliates["BEN"].user)
    text = client.get("/links/").content.decode()
    assert "You have no links here." in text


def test_list_needs_few_queries_however_it_is_shown(signed_in, links, django_assert_max_num_queries: Any):
    make_click(links["Spring"], timezone.now(), failed_deep_link="/x")
    for parameters in ({}, {"sort": "-earned", "search": "shop"}):
        with django_assert_max_num_queries(12):
            signed_in.get("/links/", parameters)


def test_order_after_the_last_update_of_totals_is_counted_once(ann, links):
    rollups.fold_rollups()
    send_order("A6", ("home-decor", "2.00"), at=AT, click=make_click(links["Spring"], DAY))
    figures = load_link_figures(ann)[links["Spring"].pk]
    assert (figures.orders, str(figures.commission)) == (3, "2.30")


def test_archived_link_counts_clicks_and_orders_that_come_after_the_totals(signed_in, ann, links):
    tracking_links.archive_link(link=links["Spring"], now=DAY, by=ann.user)
    rollups.fold_rollups()
    send_order("A7", ("home-decor", "2.00"), at=AT, click=make_click(links["Spring"], DAY))
    for _round in range(2):
        [row] = read_csv(signed_in, status="archived")
        assert (row["clicks"], row["orders"], row["earned"]) == ("4", "3", "2.30")
        # The second time from the totals alone.
        rollups.fold_rollups()


def test_link_that_staff_paused_does_not_say_that_its_affiliate_did(signed_in, ann, links):
    tracking_links.pause_link(link=links["Winter"], now=DAY, by=make_staff(), reason="Kept among staff.")
    page = html.unescape(signed_in.get(f"/links/{links['Winter'].pk}/").content.decode())
    assert "The program’s staff paused this link." in page
    assert "Kept among staff." not in page
    tracking_links.pause_link(link=links["Autumn"], now=DAY, by=ann.user)
    assert "You paused this link." in signed_in.get(f"/links/{links['Autumn'].pk}/").content.decode()


@pytest.fixture
def shop(db) -> None:
    Program.current()
    Program.objects.update(shop_hosts=["shop.example"])


def test_list_and_page_show_sub_ids_and_the_page_of_a_link_without_a_name(signed_in, ann, shop):
    link = tracking_links.create_link(
        affiliate=ann,
        target="https://shop.example/kitchen/cup",
        sub_ids=("newsletter", "", "spring"),
        now=DAY,
        by=ann.user,
    )
    text = signed_in.get("/links/").content.decode()
    assert f'<a href="/links/{link.pk}/">/kitchen/cup</a>' in text
    assert "Sub-IDs: newsletter, spring" in text
    assert [row["sub3"] for row in read_csv(signed_in)] == ["spring"]
    page = " ".join(re.sub(r"<[^>]+>", " ", signed_in.get(f"/links/{link.pk}/").content.decode()).split())
    assert "Sub-IDs newsletter, spring" in page
    assert "Name none" in page
    assert "/kitchen/cup" in page


def test_list_offers_one_way_to_create_a_link(signed_in):
    text = signed_in.get("/links/").content.decode()
    assert "Create a link" in text
    assert "/links/build/" not in text
    assert "Build a deep link" in signed_in.get("/links/new/").content.decode()


def test_list_says_what_coupons_have_earned(signed_in, links, fold):
    """5.00 % of 90.00; what links earned is in the table above."""
    fold()
    text = signed_in.get("/links/").content.decode().replace("\u00a0", " ")
    assert "orders with a coupon have earned 4.50 USD." in text


def test_second_link_to_the_same_page_is_pointed_out(signed_in, links, shop):
    first = links["Spring"]
    page = signed_in.post("/links/new/", {"target": "https://shop.example/new"}, follow=True).content.decode()
    assert "another link to the same page" not in page
    page = signed_in.post("/links/new/", {"target": first.target}, follow=True).content.decode()
    assert "You have another link to the same page" in page
