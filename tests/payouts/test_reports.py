"""Figures, periods and labels of reports."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from affiliates.models import Affiliate
from agreements.periods import get_program_time_zone
from payouts.commissions import rollups
from payouts.reporting import changes, reports, spans
from payouts.reporting.reports import GroupBy
from payouts.reporting.spans import Preset, Span
from tests.payouts import click_data
from tests.payouts.click_data import make_link
from tests.scenarios import create_program, import_affiliates
from tracking.clicks import click_ids
from tracking.models import Link
from tracking.models.rollup import UNKNOWN

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
def link(ann) -> Link:
    return make_link(ann)


def make_click(link: Link, at: datetime = DAY, **fields: Any) -> str:
    return click_data.make_click(link, at, **fields)


def send_order(order_id: str, *lines: Any, at: str = AT, **fields: Any) -> None:
    click_data.send_order(order_id, *lines, at=at, **fields)


def list_rows(
    affiliate: Affiliate | None, by: GroupBy, first: str = "2026-03-01", last: str = "2026-03-31"
) -> list[Any]:
    span = Span(date.fromisoformat(first), date.fromisoformat(last))
    report = reports.build_report(affiliate=affiliate, by=by, span=span, zone=get_program_time_zone())
    return [
        (
            row.label,
            row.current.clicks,
            row.current.orders,
            row.current.clicked_orders,
            str(row.current.sales),
            str(row.current.commission),
        )
        for row in report.rows
        if any(row.current)
    ]


def set_zone_to_new_york() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE agreements_agreementversion SET time_zone = 'America/New_York'")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


# --- Figures -------------------------------------------------------------------------------------------------


def test_report_by_day_uses_the_program_time_zone(ann, link, fold):
    set_zone_to_new_york()
    # 10 March 03:30 in UTC is 9 March 23:30 in New York.
    night = datetime(2026, 3, 10, 3, 30, tzinfo=UTC)
    click_id = make_click(link, night)
    make_click(link)
    make_click(link, kind="flood")
    send_order("A1", ("toys", "10.00", "2.50"), ("home-decor", "5.00"), placed="2026-03-10T03:31:00Z", click=click_id)
    send_order("A2", ("toys", "7.00"), coupon="ANN")
    send_order("A3", ("toys", "99.00"), coupon="ANN", status="cancelled")
    fold()
    # 7.00 x 3 % = 0.21; 7.50 x 3 % = 0.225 -> 0.23, and 5.00 x 5 % = 0.25
    assert list_rows(ann, GroupBy.DAY) == [
        ("2026-03-10", 1, 1, 0, "7.00", "0.21"),
        ("2026-03-09", 1, 1, 1, "12.50", "0.48"),
    ]


def test_report_by_link_lists_coupons_separately(ann, link, fold):
    other = make_link(ann, "Autumn")
    click_id = make_click(link)
    make_click(other)
    send_order("A1", ("home-decor", "10.00"), click=click_id)
    send_order("A2", ("home-decor", "20.00"), coupon="ANN")
    fold()
    assert list_rows(ann, GroupBy.LINK) == [
        ("coupon", 0, 1, 0, "20.00", "1.00"),
        ("Spring", 1, 1, 1, "10.00", "0.50"),
        ("Autumn", 1, 0, 0, "0", "0"),
    ]


def test_report_by_sub_id_and_device(ann, link, fold):
    news, blog = make_click(link, sub1="news", device="mobile"), make_click(link, sub1="blog", device="tablet")
    make_click(link, sub1="blog", device="tablet")
    make_click(link, device="mobile")
    send_order("A1", ("home-decor", "10.00"), ("home-decor", "2.00"), click=news)
    send_order("A2", ("home-decor", "4.00"), click=blog)
    send_order("A3", ("home-decor", "6.00"), click=click_ids.sign_click_id(link.pk, DAY))  # no click record
    send_order("A4", ("home-decor", "2.00"), coupon="ANN")
    fold()
    assert list_rows(ann, GroupBy.SUB1) == [
        ("news", 1, 1, 1, "12.00", "0.60"),
        ("unknown (click record lost)", 0, 1, 1, "6.00", "0.30"),
        ("blog", 2, 1, 1, "4.00", "0.20"),
        ("none", 1, 1, 0, "2.00", "0.10"),
    ]
    assert list_rows(ann, GroupBy.SUB2)[0] == ("none", 4, 3, 2, "18.00", "0.90")
    assert list_rows(ann, GroupBy.DEVICE) == [
        ("mobile", 2, 1, 1, "12.00", "0.60"),
        ("unknown", 0, 1, 1, "6.00", "0.30"),
        ("tablet", 2, 1, 1, "4.00", "0.20"),
        ("coupon, no click", 0, 1, 0, "2.00", "0.10"),
    ]
    assert UNKNOWN not in "".join(row[0] for row in list_rows(ann, GroupBy.SUB2))


def test_report_by_category_counts_an_order_once_in_the_total(ann, link, fold):
    send_order("A1", ("toys", "10.00"), ("toys", "5.00"), ("home-decor", "1.00"), click=make_click(link))
    fold()
    report = reports.build_report(
        affiliate=ann, by=GroupBy.CATEGORY, span=Span(DAY.date(), DAY.date()), zone=get_program_time_zone()
    )
    assert list_rows(ann, GroupBy.CATEGORY) == [
        ("Toys", None, 1, 1, "15.00", "0.45"),
        ("Home decor", None, 1, 1, "1.00", "0.05"),
    ]
    assert (report.total.current.clicks, report.total.current.orders, str(report.total.current.sales)) == (
        1,
        1,
        "16.00",
    )
    assert report.total.current.conversion == Decimal(100)
    assert report.total.current.epc == report.total.current.commission


def test_report_by_country(ann, fold):
    send_order("A1", ("home-decor", "10.00"), coupon="ANN", customer={"country": "France"})
    send_order("A2", ("home-decor", "4.00"), coupon="ANN", customer=None)
    fold()
    assert list_rows(ann, GroupBy.COUNTRY) == [
        ("France", None, 1, 0, "10.00", "0.50"),
        ("not specified", None, 1, 0, "4.00", "0.20"),
    ]


def test_period_bounds_follow_daylight_saving_time(ann, fold):
    set_zone_to_new_york()
    # New York leaves winter time on 8 March: its days begin at 05:00 before, at 04:00 after.
    for number, at in enumerate(
        ("2026-03-08T04:59:59", "2026-03-08T05:00:00", "2026-03-09T03:59:59", "2026-03-09T04:00:00")
    ):
        send_order(f"A{number}", ("home-decor", "1.00"), coupon="ANN", placed=f"{at}Z")
    fold()
    assert list_rows(ann, GroupBy.DAY, "2026-03-08", "2026-03-08") == [("2026-03-08", 0, 2, 0, "2.00", "0.10")]


def test_report_of_one_affiliate_excludes_others(affiliates, ann, fold):
    send_order("B1", ("home-decor", "10.00"), click=make_click(make_link(affiliates["BEN"])))
    fold()
    assert all(list_rows(ann, by) == [] for by in GroupBy)
    send_order("A1", ("home-decor", "40.00"), coupon="ANN")
    assert list_rows(None, GroupBy.AFFILIATE) == [
        ("ANN · Affiliate ANN", 0, 1, 0, "40.00", "2.00"),
        ("BEN · Affiliate BEN", 1, 1, 1, "10.00", "0.50"),
    ]
    assert list_rows(None, GroupBy.LINK)[1][0] == "BEN · Spring"


def test_report_compares_with_the_previous_period(ann, link):
    send_order("A1", ("home-decor", "100.00"), coupon="ANN", placed="2026-03-05T00:00:00Z")
    send_order("A2", ("home-decor", "300.00"), coupon="ANN", placed="2026-03-10T00:00:00Z")
    for number in range(3):
        make_click(link, DAY - timedelta(days=6, minutes=number))
    rollups.fold_rollups()
    span = Span(date(2026, 3, 8), date(2026, 3, 11))
    report = reports.build_report(affiliate=ann, by=GroupBy.DAY, span=span, zone=get_program_time_zone())
    assert report.previous_span == Span(date(2026, 3, 4), date(2026, 3, 7))
    assert [str(part.commission) for part in (report.total.current, report.total.previous)] == ["15.00", "5.00"]
    assert (report.total.current.clicks, report.total.previous.clicks) == (0, 3)
    # Days are compared by position: the third day with the third day.
    assert [(row.key, row.previous_day, str(row.commission_change)) for row in report.rows][1:3] == [
        ("2026-03-10", date(2026, 3, 6), "15.00"),
        ("2026-03-09", date(2026, 3, 5), "-5.00"),
    ]


def test_rows_beyond_the_limit_are_omitted(ann, link, monkeypatch):
    monkeypatch.setattr(reports, "MAX_ROWS", 3)
    for number in range(5):
        make_click(link, sub1=f"s{number}")
    send_order("A1", ("home-decor", "1.00"), click=make_click(link, sub1="best"))
    report = reports.build_report(
        affiliate=ann, by=GroupBy.SUB1, span=Span(DAY.date(), DAY.date()), zone=get_program_time_zone()
    )
    assert ([row.key for row in report.rows], report.omitted_rows, report.total.current.clicks) == (
        ["best", "s0", "s1"],
        3,
        6,
    )


# --- Periods ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "until"),
        (date(2020, 1, 1), date(2026, 1, 1), "until"),
        (date(1, 1, 1), date(1, 1, 2), "since"),
        (date(9999, 12, 30), date(9999, 12, 31), "since"),
    ],
)
def test_invalid_days_are_rejected(first, last, field):
    with pytest.raises(ValidationError) as error:
        spans.build_span(first, last)
    assert list(error.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("preset", "days", "before"),
    [
        ("today", "2026-03-31 2026-03-31", "2026-03-30 2026-03-30"),
        ("7-days", "2026-03-25 2026-03-31", "2026-03-18 2026-03-24"),
        ("30-days", "2026-03-02 2026-03-31", "2026-01-31 2026-03-01"),
        ("90-days", "2026-01-01 2026-03-31", "2025-10-03 2025-12-31"),
        ("this-month", "2026-03-01 2026-03-31", "2026-02-01 2026-02-28"),
        ("last-month", "2026-02-01 2026-02-28", "2026-01-01 2026-01-31"),
        ("this-quarter", "2026-01-01 2026-03-31", "2025-10-03 2025-12-31"),
        ("last-quarter", "2025-10-01 2025-12-31", "2025-07-01 2025-09-30"),
        ("this-year", "2026-01-01 2026-03-31", "2025-10-03 2025-12-31"),
        ("last-year", "2025-01-01 2025-12-31", "2024-01-01 2024-12-31"),
    ],
)
def test_preset_days_and_their_previous_period(preset, days, before):
    span = spans.get_preset_span(Preset(preset), date(2026, 3, 31))
    assert " ".join(map(str, (span.first, span.last))) == days
    assert " ".join(map(str, spans.get_previous_span(span, preset)[:2])) == before


def test_thirty_days_that_are_a_whole_month_are_compared_with_thirty_days():
    span = spans.get_preset_span(Preset.LAST_30, date(2026, 11, 30))
    assert str(span) == "1 Nov – 30 Nov 2026"
    assert str(spans.get_previous_span(span, Preset.LAST_30)) == "2 Oct – 31 Oct 2026"
    assert str(spans.get_previous_span(span, Preset.THIS_MONTH)) == "1 Oct – 31 Oct 2026"
    assert str(spans.get_previous_span(span)) == "1 Oct – 31 Oct 2026"


# --- Changes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (12, 10, ("▲ 20.0\u00a0% (+2)", "up")),
        (9, 10, ("▼ 10.0\u00a0% (−1)", "down")),
        (10, 10, ("no change", "same")),
        (3, 0, ("▲ new (+3)", "up")),
        (None, 3, ("no previous data", "same")),
    ],
)
def test_change_is_described_with_percent_and_difference(now, before, expected):
    assert changes.describe_change(now, before, "") == expected


def test_change_of_a_rate_is_described_in_points():
    assert changes._describe_points(Decimal("2.504"), Decimal("2.00")) == ("▲ 0.50 points", "up")
    assert changes._describe_points(Decimal("1"), Decimal("2.00"))[0] == "▼ 1.00 points"
