"""Monthly partitions of the click table."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from payouts.reporting.link_figures import load_link_figures
from tests.tracking.click_writing import wait_until
from tracking.clicks import partitions, rollups
from tracking.clicks.connection import connect
from tracking.models import Click, Link

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2019, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _drop_new_partitions() -> Iterator[None]:
    before = partitions.list_partitions()
    yield
    with connection.cursor() as cursor:
        for month in set(partitions.list_partitions()) - set(before):
            cursor.execute(f"DROP TABLE tracking_click_{month:%Y_%m}")


def make_click(link: Link, at: datetime) -> Click:
    return Click.objects.create(id=uuid4(), link=link, at=at)


def get_table(click: Click) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM tracking_click WHERE id = %s", [click.pk])
        table: str = cursor.fetchone()[0]
    return table


def test_partitions_exist_after_migrations() -> None:
    month = timezone.now().date().replace(day=1)
    assert {month, (month + timedelta(days=32)).replace(day=1)} <= set(partitions.list_partitions())


def test_partitions_are_created_for_this_month_and_three_more() -> None:
    assert partitions.create_partitions(now=NOW) == 4
    assert {date(2019, 6, 1), date(2019, 7, 1), date(2019, 8, 1), date(2019, 9, 1)} <= set(partitions.list_partitions())
    assert partitions.create_partitions(now=NOW) == 0
    assert partitions.create_partitions(now=datetime(2019, 10, 31, 23, 59, tzinfo=UTC)) == 4
    assert date(2020, 1, 1) in partitions.list_partitions()


def test_partition_starts_at_midnight_utc(link: Link) -> None:
    partitions.create_partitions(now=NOW)
    july = datetime(2019, 7, 1, tzinfo=UTC)
    assert get_table(make_click(link, july)) == "tracking_click_2019_07"
    assert get_table(make_click(link, july - timedelta(microseconds=1))) == "tracking_click_2019_06"


def test_clicks_without_partition_are_kept_and_moved_later(link: Link) -> None:
    early, due, late = (
        make_click(link, NOW - timedelta(days=90)),
        make_click(link, NOW),
        make_click(link, NOW + timedelta(days=900)),
    )
    assert {get_table(one) for one in (early, due, late)} == {"tracking_click_default"}
    before = dict(Click.objects.values_list("id", "transaction"))
    assert partitions.create_partitions(now=NOW) == 5
    assert get_table(early) == "tracking_click_2019_03"
    assert get_table(due) == "tracking_click_2019_06"
    # A clock that is years ahead creates no partitions.
    assert get_table(late) == "tracking_click_default"
    # A moved click keeps its transaction, so readers do not take it for a new one.
    assert dict(Click.objects.values_list("id", "transaction")) == before


def test_partitions_are_dropped_after_retention_period(link: Link, settings: Settings) -> None:
    settings.CLICK_RETENTION_DAYS = 30
    partitions.create_partitions(now=NOW - timedelta(days=60))  # April to July
    april, may, june = (make_click(link, datetime(2019, month, 10, tzinfo=UTC)) for month in (4, 5, 6))
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 30, 23, 59, tzinfo=UTC)) == 0
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 31, tzinfo=UTC)) == 1
    assert set(Click.objects.values_list("id", flat=True)) == {may.pk, june.pk}
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 31, tzinfo=UTC)) == 0
    assert partitions.list_partitions()[0] == date(2019, 5, 1)
    # A click that arrives for a dropped month is deleted by the next run.
    late = make_click(link, april.at)
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 31, tzinfo=UTC)) == 0
    assert not Click.objects.filter(pk=late.pk).exists()


def test_dropped_clicks_still_count_on_link_page(link: Link, settings: Settings) -> None:
    settings.CLICK_RETENTION_DAYS = 30
    partitions.create_partitions(now=NOW - timedelta(days=60))
    for month in (4, 4, 5):
        make_click(link, datetime(2019, month, 10, tzinfo=UTC))
    assert count_clicks(link) == 3
    rollups.update_click_rollups()
    assert count_clicks(link) == 3
    assert partitions.drop_old_partitions(now=datetime(2019, 5, 31, tzinfo=UTC)) == 1
    assert Click.objects.count() == 1
    make_click(link, datetime(2019, 5, 30, tzinfo=UTC))
    assert count_clicks(link) == 4


def count_clicks(link: Link) -> int:
    return load_link_figures(link.affiliate)[link.pk].clicks or 0


def test_retention_of_zero_keeps_all_clicks(link: Link, settings: Settings) -> None:
    settings.CLICK_RETENTION_DAYS = 0
    partitions.create_partitions(now=NOW)
    kept = make_click(link, NOW), make_click(link, NOW - timedelta(days=9000))
    assert partitions.drop_old_partitions(now=timezone.now()) == 0
    assert Click.objects.count() == len(kept)


def test_database_does_not_drop_current_month() -> None:
    month = timezone.now().date().replace(day=1)
    with pytest.raises(Exception, match="has not ended"), connection.cursor() as cursor:
        cursor.execute("SELECT drop_click_month(%s)", [month])
    assert month in partitions.list_partitions()


def test_statements_on_partitions_wait_at_most_a_tenth_of_a_second_for_a_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname, proconfig FROM pg_proc WHERE proname IN ('make_month', 'drop_click_month')")
        options = dict(cursor.fetchall())
    assert sorted(options) == ["drop_click_month", "make_month"]
    assert all("lock_timeout=100ms" in values for values in options.values())


def test_drop_gives_up_behind_reader_and_lets_writers_through(
    link: Link, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CLICK_RETENTION_DAYS = 30
    partitions.create_partitions(now=NOW)
    months = len([month for month in partitions.list_partitions() if month.year == NOW.year])
    make_click(link, NOW)
    written: list[UUID] = []
    finished = threading.Event()

    def visit() -> None:
        with connect() as writer:
            while not finished.is_set():
                writer.execute(
                    "INSERT INTO tracking_click (id, link_id, at) VALUES (%s, %s, now())", [click := uuid4(), link.pk]
                )
                written.append(click)
                time.sleep(0.005)

    with connect() as reader:
        reader.autocommit = False
        reader.execute("SELECT count(*) FROM tracking_click")
        visitor = threading.Thread(target=visit, daemon=True)
        visitor.start()
        with caplog.at_level("INFO", partitions.log.name), connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '2s'")  # without a lock timeout it would wait forever
            assert partitions.drop_old_partitions(now=timezone.now()) == 0
            cursor.execute("RESET statement_timeout")
        # While the reader still reads, new clicks are recorded.
        before = len(written)
        wait_until(lambda: len(written) > before)
        finished.set()
        visitor.join()
        reader.rollback()
    assert caplog.text.count("canceling statement due to lock timeout") == 5 * months
    assert partitions.drop_old_partitions(now=timezone.now()) == months
    assert set(Click.objects.values_list("id", flat=True)) == set(written)


def test_click_cannot_be_stored_twice(link: Link) -> None:
    partitions.create_partitions(now=NOW)
    click = make_click(link, NOW)
    with pytest.raises(Exception, match="duplicate key"), transaction.atomic():
        Click.objects.create(id=click.pk, link=link, at=NOW)


def test_click_stores_its_transaction(link: Link) -> None:
    with transaction.atomic():
        written = [make_click(link, NOW), make_click(link, timezone.now())]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            current = cursor.fetchone()[0]
    later = make_click(link, NOW)
    assert {one.transaction for one in Click.objects.filter(pk__in=[one.pk for one in written])} == {current}
    assert list(Click.objects.filter(transaction__gt=current)) == [later]


def test_index_finds_clicks_by_transaction(link: Link) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tracking_click (id, link_id, at)"
            " SELECT gen_random_uuid(), %s, now() FROM generate_series(1, 30000)",
            [link.pk],
        )
        later = make_click(link, timezone.now())
        cursor.execute("VACUUM (ANALYZE) tracking_click")  # also summarizes the index
        cursor.execute(
            "EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM tracking_click WHERE transaction >= "
            "(SELECT transaction FROM tracking_click WHERE id = %s)",
            [later.pk],
        )
        plan = "\n".join(line for (line,) in cursor)
    assert "click_transaction_at_brin" in plan or "_transaction_at_idx" in plan, plan
