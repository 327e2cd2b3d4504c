"""Clicks by the month ..."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from agreements.models import Program
from tests.factories import make_affiliate
from tracking import link_lists
from tracking.clicks import partitions, rollups
from tracking.clicks.connection import connect
from tracking.links import tracking_links
from tracking.models import Click, Link

# Tables are made and dropped, so that these have the database to themselves.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]
NOW = datetime(2019, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = partitions.list_partitions()
    yield
    with connection.cursor() as cursor:
        for month in set(partitions.list_partitions()) - set(before):
            cursor.execute(f"DROP TABLE tracking_click_{month:%Y_%m}")


@pytest.fixture
def link() -> Link:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    return tracking_links.create_link(
        affiliate=make_affiliate(), target="https://shop.example/", now=timezone.now(), by=None
    )


def click(link: Link, at: datetime) -> Click:
    return Click.objects.create(id=uuid4(), link=link, at=at)


def table_of(click: Click) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM tracking_click WHERE id = %s", [click.pk])
        found: str = cursor.fetchone()[0]
    return found


def test_have_tables_ahead_of_time_from_the_start() -> None:
    this = timezone.now().date().replace(day=1)
    assert {this, (this + timedelta(days=32)).replace(day=1)} <= set(partitions.list_partitions())


def test_are_made_for_this_month_and_three_more_once() -> None:
    assert partitions.create_partitions(now=NOW) == 4
    assert {date(2019, 6, 1), date(2019, 7, 1), date(2019, 8, 1), date(2019, 9, 1)} <= set(partitions.list_partitions())
    assert partitions.create_partitions(now=NOW) == 0
    assert partitions.create_partitions(now=datetime(2019, 10, 31, 23, 59, tzinfo=UTC)) == 4
    assert date(2020, 1, 1) in partitions.list_partitions()


def test_begin_in_utc_to_the_microsecond(link: Link) -> None:
    partitions.create_partitions(now=NOW)
    july = datetime(2019, 7, 1, tzinfo=UTC)
    assert table_of(click(link, july)) == "tracking_click_2019_07"
    assert table_of(click(link, july - timedelta(microseconds=1))) == "tracking_click_2019_06"


def test_that_nobody_made_are_kept_all_the_same_and_sorted_in_later(link: Link) -> None:
    early, due, late = click(link, NOW - timedelta(days=90)), click(link, NOW), click(link, NOW + timedelta(days=900))
    assert {table_of(one) for one in (early, due, late)} == {"tracking_click_default"}
    before = dict(Click.objects.values_list("id", "transaction"))
    assert partitions.create_partitions(now=NOW) == 5
    assert table_of(early) == "tracking_click_2019_03"
    assert table_of(due) == "tracking_click_2019_06"
    # A clock that is years ahead makes no tables for them.
    assert table_of(late) == "tracking_click_default"
    # Sorted in, a click is not a new one for whoever reads what came since.
    assert dict(Click.objects.values_list("id", "transaction")) == before


def test_go_when_they_lie_wholly_before_the_days_to_keep(link: Link, settings: Settings) -> None:
    settings.CLICK_RETENTION_DAYS = 30
    partitions.create_partitions(now=NOW - timedelta(days=60))  # April to July
    april, may, june = (click(link, datetime(2019, month, 10, tzinfo=UTC)) for month in (4, 5, 6))
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 30, 23, 59, tzinfo=UTC)) == 0
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 31, tzinfo=UTC)) == 1
    assert set(Click.objects.values_list("id", flat=True)) == {may.pk, june.pk}
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 31, tzinfo=UTC)) == 0
    assert partitions.list_partitions()[0] == date(2019, 5, 1)
    # What came for a month that is gone goes the next day.
    late = click(link, april.at)
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 31, tzinfo=UTC)) == 0
    assert not Click.objects.filter(pk=late.pk).exists()


def test_that_are_gone_still_count_on_the_page_of_links(link: Link, settings: Settings) -> None:
    settings.CLICK_RETENTION_DAYS = 30
    partitions.create_partitions(now=NOW - timedelta(days=60))
    for month in (4, 4, 5):
        click(link, datetime(2019, month, 10, tzinfo=UTC))
    assert counted(link) == 3
    rollups.update_click_rollups()
    assert counted(link) == 3
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 31, tzinfo=UTC)) == 1
    assert Click.objects.count() == 1
    click(link, datetime(2019, 5, 30, tzinfo=UTC))
    assert counted(link) == 4


def counted(link: Link) -> int:
    [row] = link_lists.list_links_with_counts(link.affiliate)
    return int(row.click_count)  # type: ignore[attr-defined]  # annotated


def test_stay_for_ever_with_a_retention_of_nought(link: Link, settings: Settings) -> None:
    settings.CLICK_RETENTION_DAYS = 0
    partitions.create_partitions(now=NOW)
    kept = click(link, NOW), click(link, NOW - timedelta(days=9000))
    assert partitions.drop_old_partitions(now=timezone.now()) == 0
    assert Click.objects.count() == len(kept)


def test_that_run_are_refused_by_the_database_itself() -> None:
    this = timezone.now().date().replace(day=1)
    with pytest.raises(Exception, match="has not ended"), connection.cursor() as cursor:
        cursor.execute("SELECT drop_click_month(%s)", [this])
    assert this in partitions.list_partitions()


def test_hold_nobody_up_while_somebody_reads(link: Link, settings: Settings) -> None:
    settings.CLICK_RETENTION_DAYS = 30
    partitions.create_partitions(now=NOW)
    click(link, NOW)
    waited = []
    done = threading.Event()

    def visit() -> None:
        with connect() as own:
            while not done.is_set():
                begun = time.monotonic()
                own.execute("INSERT INTO tracking_click (id, link_id, at) VALUES (%s, %s, now())", [uuid4(), link.pk])
                waited.append(time.monotonic() - begun)
                time.sleep(0.005)

    with connect() as reader:
        reader.autocommit = False
        reader.execute("SELECT count(*) FROM tracking_click")
        visitor = threading.Thread(target=visit)
        visitor.start()
        assert partitions.drop_old_partitions(now=timezone.now()) == 0
        done.set()
        visitor.join()
        reader.rollback()
    assert len(waited) > 10
    assert max(waited) < 0.2
    assert partitions.drop_old_partitions(now=timezone.now()) >= 1
    assert not Click.objects.filter(at=NOW).exists()


def test_take_the_same_click_once_whatever_month_it_is_in(link: Link) -> None:
    partitions.create_partitions(now=NOW)
    one = click(link, NOW)
    with pytest.raises(Exception, match="duplicate key"), transaction.atomic():
        Click.objects.create(id=one.pk, link=link, at=NOW)


def test_say_in_which_transaction_they_were_written(link: Link) -> None:
    with transaction.atomic():
        written = [click(link, NOW), click(link, timezone.now())]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            current = cursor.fetchone()[0]
    later = click(link, NOW)
    assert {one.transaction for one in Click.objects.filter(pk__in=[one.pk for one in written])} == {current}
    assert list(Click.objects.filter(transaction__gt=current)) == [later]


def test_are_found_by_their_transaction_without_reading_them_all(link: Link) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tracking_click (id, link_id, at) SELECT gen_random_uuid(), %s, now() FROM generate_series(1, 30000)",
            [link.pk],
        )
        later = click(link, timezone.now())
        cursor.execute("VACUUM (ANALYZE) tracking_click")  # which summarizes too
        cursor.execute(
            "EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM tracking_click WHERE transaction >= "
            "(SELECT transaction FROM tracking_click WHERE id = %s)",
            [later.pk],
        )
        plan = "\n".join(line for (line,) in cursor)
    assert "click_transaction_at_brin" in plan or "_transaction_at_idx" in plan, plan
