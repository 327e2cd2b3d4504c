"""Report pages of affiliates and staff."""

import csv
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from affiliates.models import Affiliate
from payouts.commissions import rollups
from payouts.reporting.reports import GroupBy
from tests.factories import make_staff
from tests.payouts import click_data
from tests.payouts.click_data import make_link
from tests.scenarios import create_program, import_affiliates
from tracking.clicks import click_ids
from tracking.models import Click, Link

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
AT = "2026-03-10T12:00:00Z"
MARCH = "since=2026-03-01&until=2026-03-31"


@pytest.fixture
def affiliates(tmp_path) -> dict[str, Affiliate]:
    create_program("2026-01-01")
    return import_affiliates(["ANN", "BEN"], tmp_path)


@pytest.fixture
def ann(affiliates) -> Affiliate:
    return affiliates["ANN"]


@pytest.fixture
def link(ann) -> Link:
    return make_link(ann)


@pytest.fixture
def signed_in(client: Client, ann) -> Client:
    client.force_login(ann.user)
    return client


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_staff("affiliate managers"))
    return client


def make_click(link: Link, at: datetime = DAY, **fields: Any) -> str:
    return click_data.make_click(link, at, **fields)


def send_order(order_id: str, *lines: Any, at: str = AT, **fields: Any) -> None:
    click_data.send_order(order_id, *lines, at=at, **fields)


# --- For affiliates ----------------------------------------------------------------------------------------------


def test_page_shows_figures_chart_and_table(signed_in, link):
    send_order("A1", ("home-decor", "1234.50"), click=make_click(link))
    make_click(link)
    text = signed_in.get(f"/reports/?by=day&{MARCH}").content.decode()
    for expected in (
        "1,234.50 USD",
        "50.00\u00a0%",
        "61.73 USD",
        "30.87 USD",
        "Tue 10 Mar<",
        "<svg",
        "Commission by day",
    ):
        assert expected in text, expected
    assert "compared with 1 Feb – 28 Feb 2026" in text
    assert "/reports/?since=2026-03-01&amp;until=2026-03-31&amp;by=day&amp;show=commission</span>" in text
    for measure in ("sales", "orders", "clicks"):
        assert f"{measure.capitalize()} by day" in signed_in.get(f"/reports/?show={measure}&{MARCH}").content.decode()


def test_orders_are_split_into_link_and_coupon_orders(signed_in, link):
    """Conversion and EPC count link orders alone; without clicks, neither can be computed."""
    for number in range(4):
        make_click(link, DAY + timedelta(minutes=number))
    send_order("A1", ("home-decor", "100.00"), click=make_click(link))
    send_order("A2", ("home-decor", "300.00"), coupon="ANN")
    send_order("A3", ("home-decor", "40.00"), coupon="ANN", at="2026-03-12T12:00:00Z", placed="2026-03-12T12:00:00Z")
    response = signed_in.get(f"/reports/?by=day&{MARCH}")
    rows = {row.key: row.current for row in response.context["report"].rows}
    assert (rows["2026-03-10"].clicked_orders, rows["2026-03-10"].coupon_orders) == (1, 1)
    cells = list_cells(response.content.decode())
    # Clicks, link orders, coupon orders, conversion rate, sales, commission, EPC.
    assert cells["Tue 10 Mar"][:7] == ["5", "1", "1", "20.00 %", "400.00", "20.00", "1.00"]
    assert cells["Thu 12 Mar"][:7] == ["0", "0", "1", "–", "40.00", "2.00", "–"]
    assert cells["Total"][:7] == ["5", "1", "2", "20.00 %", "440.00", "22.00", "1.00"]
    assert "Amounts in USD" in response.content.decode()
    # Left out on phones.
    assert 'data-label="Clicks" class="number rest zero">0<' in response.content.decode()
    assert 'data-label="Clicks" class="number rest">5<' in response.content.decode()


def list_cells(page: str) -> dict[str, list[str]]:
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page[page.index("<tbody") :], re.DOTALL)
    texts = [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)] for row in rows
    ]
    return {first: [cell.replace("\u00a0", " ") for cell in rest] for first, *rest in texts}


def test_headers_are_explained_by_buttons_of_the_keyboard(signed_in, link):
    make_click(link)
    page = signed_in.get(f"/reports/?by=day&{MARCH}").content.decode()
    for name in ("clicks", "link_orders", "coupon_orders", "conversion", "sales", "commission", "epc"):
        assert f'popovertarget="explain-{name}"' in page, name
        assert page.count(f'id="explain-{name}"') == 1


def test_table_is_sorted_and_paginated(signed_in, link):
    Click.objects.bulk_create(
        Click(id=click_ids.generate_nonce(DAY), link=link, at=DAY, sub1=f"sub {number:04d}") for number in range(2000)
    )
    address = f"/reports/?by=sub1&{MARCH}"
    first = signed_in.get(address).content.decode()
    assert ("sub 0049" in first, "sub 0050" in first) == (True, False)
    assert "sub 1999" in signed_in.get(address + "&sort=-label").content.decode()
    assert "sub 1999" in signed_in.get(address + "&page=40").content.decode()
    for query in (
        "&page=0",
        "&page=x",
        "&page=999",
        "&sort=nothing",
        "&sort=-epc",
        "&sort=conversion",
        "&sort=commission_change",
    ):
        assert signed_in.get(address + query).status_code == 200, query


@pytest.mark.parametrize(
    "query",
    [
        "by=nothing", "by=affiliate", "since=yesterday", "since=2026-03-02&until=2026-03-01", "until=9999-12-31",
        "since=0001-01-01", "until=2026-03-01", "period=ever", "show=rings", "since=2020-01-01&until=2026-01-01",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/reports/", "/reports/csv/"])
def test_invalid_query_is_rejected_with_an_error(signed_in, path, query):
    response = signed_in.get(f"{path}?{query}")
    assert response.status_code == 400
    text = response.content.decode()
    assert "errorlist" in text or "notice-danger" in text


def test_preset_period_is_relative_and_named_days_are_fixed(signed_in, link):
    with time_machine.travel(datetime(2026, 4, 2, 12, tzinfo=UTC), tick=False):
        signed_in.force_login(link.affiliate.user)
        text = signed_in.get("/reports/?period=last-month&by=link").content.decode()
        assert "1 Mar – 31 Mar 2026" in text
        assert '<input type="hidden" name="period" value="last-month"' in text
        assert 'href="?period=this-year&amp;by=link&amp;show=commission"' in text
        named = signed_in.get("/reports/?period=last-month&since=2026-03-30").content.decode()
        assert "30 Mar – 2 Apr 2026" in named
        assert 'name="period"' in named
        assert 'value="last-month"' not in named


def test_default_period_is_the_last_30_days(signed_in, link):
    for days in (0, 29, 30):
        make_click(link, timezone.now() - timedelta(days=days))
    assert '<p class="value">2</p>' in signed_in.get("/reports/").content.decode()


def test_empty_report_says_so(signed_in):
    text = signed_in.get("/reports/").content.decode()
    assert "No clicks or orders" in text
    assert "<svg viewBox" not in text


def test_csv_escapes_formulas_and_has_the_previous_period(signed_in, ann):
    trap = make_link(ann, "=HYPERLINK(1)")
    send_order("A1", ("home-decor", "10.00", "2.50"), click=make_click(trap))
    send_order("A2", ("home-decor", "5.00"), coupon="ANN", placed="2026-02-10T12:00:00Z")
    response = signed_in.get(f"/reports/csv/?by=link&{MARCH}")
    assert response["Content-Type"].startswith("text/csv")
    assert 'filename="report-link-2026-03-01-2026-03-31.csv"' in response["Content-Disposition"]
    assert response.content.startswith("\ufeff".encode())
    assert list(csv.reader(response.content.decode().removeprefix("\ufeff").splitlines())) == [
        [
            "link", "clicks", "orders", "conversion_percent", "sales", "commission", "earnings_per_click",
            "clicks_before", "orders_before", "sales_before", "commission_before", "link_orders", "coupon_orders",
        ],
        ["'=HYPERLINK(1)", "1", "1", "100.00", "7.50", "0.38", "0.3800", "0", "0", "0.00", "0.00", "1", "0"],
        ["coupon", "0", "0", "", "0.00", "0.00", "", "0", "1", "5.00", "0.25", "0", "0"],
    ]  # fmt: skip


def test_names_are_escaped(signed_in, ann):
    make_click(make_link(ann, "<script>alert(1)</script>"), sub1="<script>alert(2)</script>")
    for by in ("link", "sub1"):
        text = signed_in.get(f"/reports/?by={by}&{MARCH}").content.decode()
        assert "&lt;script&gt;alert" in text
        assert "<script>alert" not in text


@pytest.mark.parametrize("by", list(GroupBy))
def test_page_takes_at_most_twelve_queries(client, ann, link, by, django_assert_max_num_queries):
    for number in range(20):
        send_order(
            f"A{number}",
            ("home-decor", "10.00"),
            click=make_click(make_link(ann, f"{number:04d} link"), sub1=str(number)),
        )
    rollups.fold_rollups()
    if by is not GroupBy.AFFILIATE:
        client.force_login(ann.user)
        with django_assert_max_num_queries(12):
            client.get(f"/reports/?by={by}&{MARCH}")
    client.force_login(make_staff("affiliate managers"))
    with django_assert_max_num_queries(12):
        client.get(f"/admin/reports/?by={by}&{MARCH}")


# --- For staff ---------------------------------------------------------------------------------------------------


def test_staff_report_links_to_each_affiliate(staff, affiliates):
    send_order("A1", ("home-decor", "100.00"), coupon="ANN")
    send_order("B1", ("home-decor", "300.00"), coupon="BEN")
    text = staff.get(f"/admin/reports/?by=affiliate&{MARCH}").content.decode()
    assert text.index("BEN · Affiliate BEN") < text.index("ANN · Affiliate ANN")
    assert f"/admin/affiliates/affiliate/{affiliates['BEN'].pk}/change/" in text
    assert "20.00 USD" in text
    response = staff.get(f"/admin/reports/csv/?by=affiliate&{MARCH}")
    assert response.content.decode("utf-8-sig").splitlines()[1].startswith("BEN · Affiliate BEN,0,1,,300.00,15.00,,")


def test_staff_report_of_one_affiliate_by_code(staff, affiliates):
    send_order("A1", ("home-decor", "100.00"), coupon="ANN")
    send_order("B1", ("home-decor", "300.00"), coupon="BEN")
    text = staff.get(f"/admin/reports/?affiliate=ann&by=category&{MARCH}").content.decode()
    assert "100.00 USD" in text
    assert "300.00 USD" not in text
    assert "&amp;affiliate=ANN" in text
    response = staff.get("/admin/reports/?affiliate=unknown")
    assert response.status_code == 400
    assert "No affiliate has this code, name or e-mail address." in response.content.decode()
    assert staff.get("/admin/reports/csv/?by=rings").status_code == 400


def test_staff_report_needs_permission(client):
    client.force_login(make_staff())
    assert client.get("/admin/reports/").status_code == 403
    assert client.get("/admin/reports/csv/").status_code == 403
