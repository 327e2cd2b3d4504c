"""The thread that writes clicks."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from lib.ids import uuid7
from tests.coroutines import run_coroutine
from tests.tracking.click_writing import make_row, make_spool, wait_until
from tests.tracking.waiting import Wait, record_waits
from tracking.clicks import click_store
from tracking.clicks.connection import connect, limited_transaction
from tracking.clicks.writer import WAIT_SECONDS, Writer
from tracking.models import Click, ClickLoss, Link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(connect, make_spool(tmp_path))
    yield writer
    writer.stop()


def test_click_is_committed_when_record_returns(writer: Writer, link: Link) -> None:
    missing: list[UUID] = []

    def record_clicks() -> None:
        with connect() as reader:
            for _ in range(50):
                click = make_row(link.pk, sub1="ü'\"\\,{}")
                writer.record(click, 5)
                if reader.execute("SELECT 1 FROM tracking_click WHERE id = %s", [click.id]).fetchone() is None:
                    missing.append(click.id)

    threads = [threading.Thread(target=record_clicks) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    assert Click.objects.filter(sub1="ü'\"\\,{}").count() == 400


def test_many_requests_share_a_commit(link: Link, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes: list[int] = []
    all_waiting = threading.Event()
    copy_rows = click_store.copy_rows

    def copy_when_all_wait(cursor: Any, lines: list[bytes]) -> None:
        sizes.append(len(lines))
        all_waiting.wait(60)
        copy_rows(cursor, lines)

    monkeypatch.setattr(click_store, "copy_rows", copy_when_all_wait)
    writer = Writer(connect, make_spool(tmp_path))

    async def record_all() -> None:
        tasks = [asyncio.ensure_future(writer.record_async(make_row(link.pk), 60)) for _ in range(300)]
        await asyncio.sleep(0)  # each hands its click over before it waits
        all_waiting.set()
        await asyncio.gather(*tasks)

    run_coroutine(record_all())
    writer.stop()
    assert sum(sizes) == Click.objects.count() == 300
    assert len(sizes) <= 3


def test_click_recorded_twice_is_one_row(writer: Writer, link: Link) -> None:
    click = make_row(link.pk)
    writer.record(click, 5)
    writer.record(click, 5)
    assert Click.objects.count() == 1


def test_connection_closes_when_server_does_not_answer() -> None:
    with connect() as own:
        # A server that answers, by its own limit or with an error, ends the statement with another error.
        with pytest.raises(psycopg.errors._WaitTimeout):
            own.wait(own.cursor()._execute_gen("SELECT pg_sleep(60)"), timeout=0.1)
        assert own.closed


def test_statement_waits_one_second_longer_than_server_allows() -> None:
    with connect() as own, patch.object(psycopg.Connection, "wait", autospec=True, return_value=None) as wait:
        own.wait(iter(()))  # type: ignore[arg-type]  # nothing to wait for
    assert wait.call_args.args[3] == 6
    with connect() as own:
        with limited_transaction(own) as cursor:
            assert cursor.execute("SHOW statement_timeout").fetchone() == ("5s",)
        # A pooler gives the connection of the server to others next.
        assert own.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_slow_database_is_waited_for_once(writer: Writer, link: Link) -> None:
    writer.record(make_row(link.pk), 5)
    with connect() as blocker:
        blocker.autocommit = False
        blocker.execute("LOCK TABLE tracking_click IN ACCESS EXCLUSIVE MODE")
        with record_waits() as waits:
            for _ in range(21):
                writer.record(make_row(link.pk))
        blocker.rollback()
    # Only the first request waits, and gives up before the database answers.
    assert waits == [Wait(WAIT_SECONDS, is_complete=False)]
    assert WAIT_SECONDS < 0.25
    wait_until(lambda: Click.objects.count() == 22)
    writer.record(make_row(link.pk), 5)
    wait_until(lambda: writer.is_healthy)
    writer.record(make_row(link.pk), 5)
    assert Click.objects.count() == 24


def test_writer_reconnects_after_server_closed_connection(writer: Writer, link: Link) -> None:
    writer.record(make_row(link.pk), 5)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'accord clicks' AND datname = current_database()"
        )
    for _ in range(10):
        writer.record(make_row(link.pk), 5)
    wait_until(lambda: Click.objects.count() == 11)


def test_only_invalid_clicks_are_lost(writer: Writer, link: Link) -> None:
    rows = [
        make_row(link.pk),
        make_row(uuid7()),
        make_row(link.pk, sub1="a\x00b"),
        make_row(link.pk, sub1="x" * 101),
        make_row(link.pk),
    ]

    async def record_all() -> None:
        await asyncio.gather(*(writer.record_async(one, 5) for one in rows))

    run_coroutine(record_all())
    wait_until(lambda: sum(ClickLoss.objects.values_list("count", flat=True)) == 3)
    writer.stop()
    assert set(Click.objects.values_list("id", flat=True)) == {rows[0].id, rows[4].id}


def test_time_of_click_keeps_microseconds(writer: Writer, link: Link) -> None:
    at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC) + timedelta(0)
    writer.record(make_row(link.pk, at=at), 5)
    assert Click.objects.get().at == at
