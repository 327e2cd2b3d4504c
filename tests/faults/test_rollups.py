"""Rollups under concurrent senders, concurrent folds, late commits and kills."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from django.db import connection, connections

from benchmarks.rollups import create_clicks, verify_rollups
from payouts.commissions import rollups
from tests.faults.child_processes import kill_self, run_in_child
from tests.faults.test_concurrent_senders import build_history, send_at_once
from tests.payouts.click_data import make_link
from tests.scenarios import create_program, import_affiliates, list_rollup_differences
from tracking.clicks import click_ids, click_store
from tracking.clicks import rollups as click_rollups
from tracking.clicks.connection import TimeoutConnection, connect
from tracking.models import ChangedDay, Click, ClickHorizon, Link, Rollup

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
AT = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)


@pytest.fixture
def link(tmp_path) -> Link:
    create_program("2026-01-01")
    return make_link(import_affiliates(["ANN", "BEN"], tmp_path)["ANN"])


def count_rollup_clicks() -> int:
    return sum(Rollup.objects.filter(dimension="total").values_list("clicks", flat=True))


def fold() -> None:
    """Fold until all clicks are folded: a transaction in any database of the server delays a fold."""
    for _try in range(600):
        rollups.fold_rollups()
        horizon = ClickHorizon.objects.get().transaction
        if not Click.objects.filter(transaction__gte=horizon).exists():
            return
        time.sleep(0.1)
    raise AssertionError("another transaction on the server ran for a minute")


def write_clicks(writer: TimeoutConnection, link: Link, number: int = 1) -> None:
    """Write clicks as the redirect does, over the connection `writer`."""
    rows = [
        click_store.ClickRow(
            click_ids.generate_nonce(AT), link.pk, AT, "counted", "", "", "", "", "", "", "", "", "mobile"
        )
        for _click in range(number)
    ]
    click_store.copy_rows(writer, list(map(click_store.encode_row, rows)))


def test_click_committed_after_later_one_is_counted_once(link):
    with connect() as early, connect() as late:
        early.execute("BEGIN")
        write_clicks(early, link)
        write_clicks(late, link, 2)
        rollups.fold_rollups()
        assert count_rollup_clicks() == 0, "the fold must wait for the older transaction"
        early.execute("COMMIT")
        write_clicks(late, link, 4)
    fold()
    assert count_rollup_clicks() == 7
    fold()
    assert count_rollup_clicks() == 7
    assert list_rollup_differences() == []


def test_rolled_back_click_is_not_counted(link):
    with connect() as writer:
        writer.execute("BEGIN")
        write_clicks(writer, link)
        writer.execute("ROLLBACK")
        write_clicks(writer, link, 2)
    fold()
    assert count_rollup_clicks() == 2
    assert list_rollup_differences() == []


@contextmanager
def folding(threads: int) -> Iterator[None]:
    """Fold all the time in that many threads."""
    stop = threading.Event()

    def fold_repeatedly() -> None:
        try:
            while not stop.wait(0.01):
                rollups.fold_rollups()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(fold_repeatedly) for _thread in range(threads)]
        try:
            yield
        finally:
            stop.set()
        for thread in running:
            thread.result()


def test_concurrent_folds_count_each_click_once(link):
    def write(_writer: int) -> None:
        with connect() as writer:
            for _batch in range(40):
                write_clicks(writer, link, 5)

    with folding(4), ThreadPoolExecutor(3) as writers:
        list(writers.map(write, range(3)))
    fold()
    assert count_rollup_clicks() == Click.objects.count() == 600
    assert list_rollup_differences() == []


@pytest.mark.parametrize("seed", range(3))
def test_folds_during_concurrent_order_intake_equal_rows(seed, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN"], tmp_path)
    random_source = random.Random(seed)
    snapshots = [row for number in range(30) for row in build_history(number, random_source)]
    with folding(2):
        send_at_once([random_source.sample(snapshots * 2, len(snapshots) * 2) for _sender in range(4)], size=20)
    assert list_rollup_differences() == []
    assert Rollup.objects.filter(dimension="total", orders__gt=0).exists()


@pytest.mark.parametrize("phase", ["clicks", "orders"])
def test_killed_fold_is_repeated_without_double_counting(phase, link):
    with connect() as writer:
        write_clicks(writer, link, 3)
    send_at_once([build_history(number, random.Random(number)) for number in range(4)])
    marked = ChangedDay.objects.count()
    assert marked
    open_cursor = connection.cursor

    def fold_and_die() -> None:
        module = click_rollups if phase == "clicks" else rollups
        fatal = "UPDATE tracking_clickhorizon" if phase == "clicks" else "DROP TABLE folding"
        with patch.object(module.connection, "cursor", lambda: DeadlyCursor(open_cursor(), fatal)):
            rollups.fold_rollups()

    assert run_in_child(fold_and_die) == 9
    assert ChangedDay.objects.count() == marked
    assert phase == "orders" or count_rollup_clicks() == 0
    fold()
    assert list_rollup_differences() == []
    assert count_rollup_clicks() == 3


class DeadlyCursor:
    """A cursor that kills its process before a statement that begins with `fatal`."""

    def __init__(self, cursor, fatal: str) -> None:
        self._cursor, self._fatal = cursor, fatal

    def __enter__(self):
        self._cursor.__enter__()
        return self

    def __exit__(self, *error):
        return self._cursor.__exit__(*error)

    def __getattr__(self, name):
        return getattr(self._cursor, name)

    def execute(self, sql, params=None):
        if sql.startswith(self._fatal):
            kill_self()
        return self._cursor.execute(sql, params)


def test_clicks_are_counted_once_after_restore_on_server_with_lower_transaction_ids(link):
    with connect() as writer:
        write_clicks(writer, link, 3)
    fold()
    assert count_rollup_clicks() == 3
    # As if these rows came from a server with far higher transaction ids.
    ClickHorizon.objects.update(transaction=10**15)
    Click.objects.update(transaction=10**15 - 1)
    with connect() as writer:
        write_clicks(writer, link, 2)
    rollups.fold_rollups()
    assert count_rollup_clicks() == 5
    fold()
    with connect() as writer:
        write_clicks(writer, link)
    fold()
    assert count_rollup_clicks() == 6
    assert list_rollup_differences() == []


def test_rollups_equal_rows_after_all_kinds_of_snapshots_from_four_processes(db):
    """Run the correctness part of the rollups benchmark with few snapshots."""
    differences, kinds = verify_rollups(2_000, 20, create_clicks(20))
    assert differences["value"] == 0
    assert differences["rollups compared"] > 1_000
    assert min(kinds[name] for name in ("value", "by click", "with an unrecorded click", "cancelled")) > 10


def test_rebuilt_rollups_equal_folded_ones_and_repair_changes(link):
    with connect() as writer:
        write_clicks(writer, link, 3)
    send_at_once([build_history(number, random.Random(number)) for number in range(4)])
    fold()
    before = list(Rollup.objects.exclude(clicks=0, orders=0, sales=0).order_by("pk").values_list())
    Rollup.objects.filter(clicks__gt=0).update(clicks=7)
    Rollup.objects.update(sales="1.00")
    assert list_rollup_differences() != []
    rollups.rebuild_rollups()
    assert list(Rollup.objects.exclude(clicks=0, orders=0, sales=0).order_by("pk").values_list()) == before
    assert list_rollup_differences() == []
