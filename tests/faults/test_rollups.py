"""Roll-ups count each click and each order once, whoever sends, folds, commits late or is killed at the same time."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import psycopg
import pytest
from django.db import connection, connections

from benchmarks.rollups import create_clicks, verify_rollups
from payouts.commissions import rollups
from tests.faults.child_processes import kill_self, run_in_child
from tests.faults.test_concurrent_senders import history, send_at_once
from tests.payouts.click_data import make_link
from tests.scenarios import create_program, import_affiliates, list_rollup_differences
from tracking.clicks import click_ids, click_store
from tracking.clicks import rollups as click_rollups
from tracking.clicks.connection import connect
from tracking.models import ChangedDay, Click, ClickHorizon, Link, Rollup

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]
AT = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)


@pytest.fixture
def link(tmp_path) -> Link:
    create_program("2026-01-01")
    return make_link(import_affiliates(["ANN", "BEN"], tmp_path)["ANN"])


def counted() -> int:
    return sum(Rollup.objects.filter(dimension="total").values_list("clicks", flat=True))


def fold() -> None:
    """Fold until every click that is there is folded: a transaction in any database of the server holds a fold back."""
    for _try in range(600):
        rollups.fold_rollups()
        horizon = ClickHorizon.objects.get().transaction
        if not Click.objects.filter(transaction__gte=horizon).exists():
            return
        time.sleep(0.1)
    raise AssertionError("somebody's transaction ran for a minute")


def click(writer: psycopg.Connection, link: Link, number: int = 1) -> None:
    """Clicks as the redirect writes them, on a connection of its own."""
    rows = [
        click_store.ClickRow(
            click_ids.generate_nonce(AT), link.pk, AT, "counted", "", "", "", "", "", "", "", "", "mobile"
        )
        for _click in range(number)
    ]
    click_store.copy_rows(writer.cursor(), list(map(click_store.encode_row, rows)))


def test_of_a_click_that_commits_after_a_later_one(link):
    with connect() as early, connect() as late:
        early.execute("BEGIN")
        click(early, link)
        click(late, link, 2)
        rollups.fold_rollups()
        assert counted() == 0, "an older transaction still runs: the fold can't know what it will bring"
        early.execute("COMMIT")
        click(late, link, 4)
    fold()
    assert counted() == 7
    fold()
    assert counted() == 7
    assert list_rollup_differences() == []


def test_of_a_click_that_is_rolled_back(link):
    with connect() as writer:
        writer.execute("BEGIN")
        click(writer, link)
        writer.execute("ROLLBACK")
        click(writer, link, 2)
    fold()
    assert counted() == 2
    assert list_rollup_differences() == []


@contextmanager
def folding(folders: int) -> Iterator[None]:
    """So many who fold all the time, meanwhile."""
    stop = threading.Event()

    def go_on() -> None:
        try:
            while not stop.wait(0.01):
                rollups.fold_rollups()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(folders) as pool:
        running = [pool.submit(go_on) for _folder in range(folders)]
        try:
            yield
        finally:
            stop.set()
        for folder in running:
            folder.result()


def test_by_four_folders_while_clicks_come_in(link):
    def visit(_visitor: int) -> None:
        with connect() as writer:
            for _visit in range(40):
                click(writer, link, 5)

    with folding(4), ThreadPoolExecutor(3) as visitors:
        list(visitors.map(visit, range(3)))
    fold()
    assert counted() == Click.objects.count() == 600
    assert list_rollup_differences() == []


@pytest.mark.parametrize("seed", range(3))
def test_of_orders_from_four_senders_while_they_are_folded(seed, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN"], tmp_path)
    shuffled = random.Random(seed)
    snapshots = [row for number in range(30) for row in history(number, shuffled)]
    with folding(2):
        send_at_once([shuffled.sample(snapshots * 2, len(snapshots) * 2) for _sender in range(4)], size=20)
    assert list_rollup_differences() == []
    assert Rollup.objects.filter(dimension="total", orders__gt=0).exists()


@pytest.mark.parametrize("dies_in", ["clicks", "orders"])
def test_by_a_fold_that_is_killed(dies_in, link):
    with connect() as writer:
        click(writer, link, 3)
    send_at_once([history(number, random.Random(number)) for number in range(4)])
    marked = ChangedDay.objects.count()
    assert marked
    plain = connection.cursor

    def killed() -> None:
        module = click_rollups if dies_in == "clicks" else rollups
        dying = "UPDATE tracking_clickhorizon" if dies_in == "clicks" else "DROP TABLE folding"
        with patch.object(module.connection, "cursor", lambda: Deadly(plain(), dying)):
            rollups.fold_rollups()

    assert run_in_child(killed) == 9
    assert ChangedDay.objects.count() == marked
    assert dies_in == "orders" or counted() == 0
    fold()
    assert list_rollup_differences() == []
    assert counted() == 3


class Deadly:
    """A cursor that kills its process before it runs a certain statement."""

    def __init__(self, cursor, dying: str) -> None:
        self._cursor, self._dying = cursor, dying

    def __enter__(self):
        self._cursor.__enter__()
        return self

    def __exit__(self, *error):
        return self._cursor.__exit__(*error)

    def __getattr__(self, name):
        return getattr(self._cursor, name)

    def execute(self, sql, params=None):
        if sql.startswith(self._dying):
            kill_self()
        return self._cursor.execute(sql, params)


def test_after_a_restore_on_a_server_that_numbers_transactions_anew(link):
    with connect() as writer:
        click(writer, link, 3)
    fold()
    assert counted() == 3
    # As if all of this had come from a server that was far ahead.
    ClickHorizon.objects.update(transaction=10**15)
    Click.objects.update(transaction=10**15 - 1)
    with connect() as writer:
        click(writer, link, 2)
    rollups.fold_rollups()
    assert counted() == 5
    fold()
    with connect() as writer:
        click(writer, link)
    fold()
    assert counted() == 6
    assert list_rollup_differences() == []


def test_after_snapshots_of_all_kinds_from_four_processes(db):
    """The benchmark's million, in small."""
    whole, kinds = verify_rollups(2_000, 20, create_clicks(20))
    assert whole["value"] == 0
    assert whole["roll-ups compared"] > 1_000
    assert min(kinds[name] for name in ("value", "by a click", "of a lost record", "cancelled")) > 10


def test_worked_out_anew_are_the_same_and_mended(link):
    with connect() as writer:
        click(writer, link, 3)
    send_at_once([history(number, random.Random(number)) for number in range(4)])
    fold()
    before = list(Rollup.objects.exclude(clicks=0, orders=0, sales=0).order_by("pk").values_list())
    Rollup.objects.filter(clicks__gt=0).update(clicks=7)
    Rollup.objects.update(sales="1.00")
    assert list_rollup_differences() != []
    rollups.rebuild_rollups()
    assert list(Rollup.objects.exclude(clicks=0, orders=0, sales=0).order_by("pk").values_list()) == before
    assert list_rollup_differences() == []
