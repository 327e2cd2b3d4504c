"""Daily rollups equal the orders, commissions and clicks that they sum up."""

import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliates.models import Affiliate
from payouts.commissions import forfeiture, rollups
from payouts.commissions.writer import reprice
from payouts.models import Commission
from tests.payouts import click_data
from tests.payouts.click_data import make_link
from tests.scenarios import (
    build_order,
    create_program,
    import_affiliates,
    list_rollup_differences,
    roll_back,
    send_orders,
)
from tracking.clicks import click_ids
from tracking.models import Click, Link, Order, Rollup
from tracking.models.rollup import UNKNOWN

pytestmark = pytest.mark.django_db
CLICKED = datetime(2026, 1, 10, 11, 0, tzinfo=UTC)
DAY = CLICKED.date()
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def affiliates(tmp_path) -> dict[str, Affiliate]:
    create_program("2026-01-01")
    return import_affiliates(["ANN", "BEN"], tmp_path)


@pytest.fixture
def link(affiliates) -> Link:
    return make_link(affiliates["ANN"])


def make_click(link: Link, at: datetime = CLICKED, **fields: Any) -> str:
    return click_data.make_click(link, at, **fields)


def read_rollups(affiliate: Affiliate, dimension: str) -> dict[str, tuple[int, int, int, str, str, str]]:
    rows = Rollup.objects.filter(affiliate=affiliate, dimension=dimension, day=DAY)
    return {
        row.value: (
            row.clicks, row.orders, row.clicked_orders, str(row.sales), str(row.commission), str(row.clicked_commission)
        )
        for row in rows
    }  # fmt: skip


def test_coupon_order_counts_in_total_country_and_category(affiliates):
    send_orders(
        build_order(
            "A1", ("home-decor", "100.00", "20.00"), ("home-decor", "10.00"), ("toys-hobbies", "50.00"), coupon="ANN"
        )
    )
    rollups.fold_rollups()
    # 80.00 x 5 % + 10.00 x 5 % + 50.00 x 7 %
    whole = (0, 1, 0, "140.00", "8.00", "0.00")
    assert read_rollups(affiliates["ANN"], "total") == {"": whole}
    assert read_rollups(affiliates["ANN"], "country") == {"United Kingdom": whole}
    assert read_rollups(affiliates["ANN"], "category") == {
        "home-decor": (0, 1, 0, "90.00", "4.50", "0.00"),
        "toys-hobbies": (0, 1, 0, "50.00", "3.50", "0.00"),
    }
    for dimension in ("link", "sub1", "device"):
        assert read_rollups(affiliates["ANN"], dimension) == {}
    assert not Rollup.objects.filter(affiliate=affiliates["BEN"]).exists()
    assert list_rollup_differences() == []


def test_clicked_order_counts_in_link_sub_id_and_device(affiliates, link):
    click_id = make_click(link, sub1="news", sub3="spring", device="mobile")
    send_orders(build_order("A1", click=click_id))
    rollups.fold_rollups()
    whole = (0, 1, 1, "100.00", "5.00", "5.00")
    assert read_rollups(affiliates["ANN"], "link") == {str(link.pk): whole}
    assert read_rollups(affiliates["ANN"], "sub1") == {"news": whole}
    assert read_rollups(affiliates["ANN"], "sub2") == {}
    assert read_rollups(affiliates["ANN"], "sub3") == {"spring": whole}
    assert read_rollups(affiliates["ANN"], "device") == {"mobile": whole}
    assert list_rollup_differences() == []


def test_order_with_lost_click_record_counts_as_unknown(affiliates, link):
    send_orders(build_order("A1", click=click_ids.sign_click_id(link.pk, CLICKED)))
    rollups.fold_rollups()
    assert set(read_rollups(affiliates["ANN"], "sub1")) == set(read_rollups(affiliates["ANN"], "device")) == {UNKNOWN}
    assert list_rollup_differences() == []


def test_order_keeps_details_of_click_deleted_later(affiliates, link):
    click_id = make_click(link, sub1="news")
    send_orders(build_order("A1", click=click_id))
    Click.objects.all().delete()
    send_orders(build_order("A1", click=click_id, at="2026-01-11T12:00:00Z"))
    rollups.fold_rollups()
    assert set(read_rollups(affiliates["ANN"], "sub1")) == {"news"}
    other = click_ids.sign_click_id(link.pk, CLICKED + timedelta(minutes=1))
    send_orders(build_order("A1", click=other, at="2026-01-12T12:00:00Z"))
    rollups.fold_rollups()
    assert [
        value for value, row in read_rollups(affiliates["ANN"], "sub1").items() if any(float(figure) for figure in row)
    ] == [UNKNOWN]
    assert list_rollup_differences() == []


def test_order_gets_details_of_click_recorded_later(affiliates, link):
    click_id = click_ids.sign_click_id(link.pk, CLICKED, nonce := click_ids.generate_nonce(CLICKED))
    send_orders(build_order("A1", click=click_id))
    Click.objects.create(id=nonce, link=link, at=CLICKED, sub1="late")
    send_orders(build_order("A1", click=click_id, at="2026-01-11T12:00:00Z"))
    assert Order.objects.get().sub1 == "late"


def test_rollups_follow_reassigned_and_cancelled_order(affiliates, link):
    send_orders(build_order("A1", coupon="ANN"))
    assert list_rollup_differences() == []
    send_orders(build_order("A1", coupon="BEN", at="2026-01-11T12:00:00Z"))
    assert list_rollup_differences() == []
    assert read_rollups(affiliates["ANN"], "total") == {"": (0, 0, 0, "0.00", "0.00", "0.00")}
    assert read_rollups(affiliates["BEN"], "total") == {"": (0, 1, 0, "100.00", "5.00", "0.00")}
    send_orders(build_order("A1", coupon="BEN", at="2026-01-12T12:00:00Z", status="cancelled"))
    assert list_rollup_differences() == []
    assert read_rollups(affiliates["BEN"], "total") == {"": (0, 0, 0, "0.00", "0.00", "0.00")}
    send_orders(build_order("A1", coupon=None, at="2026-01-13T12:00:00Z"))
    assert list_rollup_differences() == []


def test_rollups_follow_forfeiture_and_restoration(affiliates):
    send_orders(build_order("A1", coupon="ANN"))
    rows = list(Commission.objects.all())
    forfeiture.forfeit(commissions=rows, reason="clause 6", now=NOW, by=None)
    assert list_rollup_differences() == []
    assert read_rollups(affiliates["ANN"], "total") == {"": (0, 1, 0, "100.00", "0.00", "0.00")}
    forfeiture.restore(commissions=rows, now=NOW, by=None)
    assert list_rollup_differences() == []
    assert read_rollups(affiliates["ANN"], "total") == {"": (0, 1, 0, "100.00", "5.00", "0.00")}


def test_forfeited_order_without_attribution_counts_nothing(affiliates):
    send_orders(build_order("A1", coupon="ANN"))
    forfeiture.forfeit(commissions=Commission.objects.all(), reason="clause 6", now=NOW, by=None)
    send_orders(build_order("A1", coupon=None, at="2026-01-13T12:00:00Z"))
    assert (Commission.objects.get().base, Commission.objects.get().amount) == (0, 0)
    assert list_rollup_differences() == []


def test_days_are_in_program_time_zone(affiliates):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE agreements_agreementversion SET time_zone = 'America/New_York'")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    send_orders(
        build_order("A1", coupon="ANN", placed="2026-01-11T04:59:59Z"),
        build_order("A2", coupon="ANN", placed="2026-01-11T05:00:00Z"),
    )
    rollups.fold_rollups()
    days = Rollup.objects.filter(dimension="total").values_list("day", "orders").order_by("day")
    assert [(str(day), orders) for day, orders in days] == [("2026-01-10", 1), ("2026-01-11", 1)]
    assert list_rollup_differences() == []


def test_verification_names_difference_when_a_day_was_not_marked(affiliates):
    send_orders(build_order("A1", ("home-decor", "100.00"), coupon="ANN"), build_order("B1", coupon="BEN"))
    assert list_rollup_differences() == []
    send_orders(build_order("B2", coupon="BEN"))  # a day that is not folded yet is left out
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    Commission.objects.filter(affiliate=affiliates["ANN"]).update(amount="4.00")
    out = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("verify_rollups", "--skip-fold", stdout=out, stderr=StringIO())
    text = "commission of ANN on 2026-01-10, total '': the rollup has 5.00, the rows give 4.00"
    assert str(failure.value) == text
    assert "total: 1 compared, 1 differ\n" in out.getvalue()


# --- Random sequences of changes to orders ------------------------------------------------------------------------

AMOUNTS = st.sampled_from(["0.00", "0.10", "10.00", "99.99", "400.00"])
LINES = st.lists(
    st.tuples(st.sampled_from(["home-decor", "toys-hobbies", "vintage-robots"]), AMOUNTS, st.booleans()),
    min_size=1,
    max_size=3,
)
SNAPSHOTS = st.tuples(
    st.just("snapshot"),
    st.integers(0, 3),  # which order
    st.integers(0, 50),  # the time of its snapshot
    LINES,
    st.sampled_from(["paid", "completed", "cancelled"]),
    st.sampled_from([("ANN", None), ("BEN", None), (None, None), (None, 0), (None, 1), (None, 2), ("BEN", 0)]),
)
CHANGES = st.tuples(st.sampled_from(["forfeit", "restore", "reprice", "fold", "delete clicks"]), st.integers(0, 3))
PLACED = ("2026-01-10T12:00:00Z", "2026-01-10T23:59:59Z", "2026-01-11T00:00:00Z", "2026-01-12T12:00:00Z")


def build_snapshot(event: Any, clicks: list[str]) -> dict[str, Any]:
    index, second, lines, status, (coupon, number) = event
    return build_order(
        f"H{index}",
        *((category, amount, amount if refunded else "0.00") for category, amount, refunded in lines),
        at=f"2026-02-01T00:00:{second:02d}Z",
        placed=PLACED[index],
        status=status,
        completed="2026-01-20T00:00:00Z" if status == "completed" else None,
        coupon=coupon,
        click=None if number is None else clicks[number],
    )


def change_order(verb: str, index: int) -> None:
    rows = list(Commission.objects.filter(order__order_id=f"H{index}"))
    if verb == "forfeit":
        forfeiture.forfeit(commissions=rows[:1], reason="clause 6", now=NOW, by=None)
    elif verb == "restore":
        forfeiture.restore(commissions=rows, now=NOW, by=None)
    elif verb == "reprice":
        reprice({row.order_id for row in rows}, now=NOW)
    elif verb == "fold":
        rollups.fold_rollups()
    else:
        Click.objects.all().delete()


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("ROLLUP_RUNS", "50")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=st.lists(st.one_of(SNAPSHOTS, SNAPSHOTS, CHANGES), min_size=1, max_size=12))
def test_rollups_equal_rows_after_any_sequence_of_changes(affiliates, events):
    with roll_back():
        one, two = make_link(affiliates["ANN"]), make_link(affiliates["BEN"])
        clicks = [
            make_click(one, sub1="news", device="mobile"),
            make_click(two, CLICKED + timedelta(minutes=7), sub2="blog"),
            click_ids.sign_click_id(one.pk, CLICKED),
        ]
        for verb, *values in events:
            if verb == "snapshot":
                send_orders(build_snapshot(values, clicks), now=NOW)
            else:
                change_order(verb, *values)
        assert list_rollup_differences() == []
