"""The writer of clicks ..."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from accounts.uuid7 import uuid7
from agreements.models import Program
from tests.factories import make_affiliate
from tracking import links, recording
from tracking.models import Click, ClickLoss, Link
from tracking.recording import Row
from tracking.redirecting import writer as module
from tracking.redirecting.connection import connect
from tracking.redirecting.writer import Writer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]


@pytest.fixture
def link() -> Link:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    affiliate = make_affiliate()
    return links.create(affiliate=affiliate, target="https://shop.example/", now=timezone.now(), by=None)


@pytest.fixture
def writer() -> Iterator[Writer]:
    made = Writer(connect)
    yield made
    made.stop()


def row(link_id: UUID, **changes: Any) -> Row:
    fields: dict[str, Any] = dict.fromkeys(Row._fields, "") | {"kind": "counted", "at": datetime.now(UTC)}
    return Row(**(fields | {"id": uuid7(), "link_id": link_id} | changes))


def wait_until(true: Any, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)


class Switch:
    """A way to the database that can be closed, as when it is restarted: nothing listens there."""

    def __init__(self) -> None:
        self.open = True
        self.tried = 0

    def connect(self) -> psycopg.Connection[Any]:
        self.tried += 1
        if self.open:
            return connect()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        return psycopg.connect(host="127.0.0.1", port=port, dbname="x", connect_timeout=2)


def test_has_committed_each_click_when_its_request_goes_on(writer: Writer, link: Link) -> None:
    missing: list[UUID] = []

    def click() -> None:
        with connect() as own:
            for _ in range(50):
                one = row(link.pk, sub1="ü'\"\\,{}")
                writer.record(one, 5)
                found = own.execute("SELECT 1 FROM tracking_click WHERE id = %s", [one.id]).fetchone()
                if found is None:
                    missing.append(one.id)

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    assert Click.objects.filter(sub1="ü'\"\\,{}").count() == 400


def test_shares_one_commit_among_many_requests(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    write = recording.copy

    def slow(cursor: Any, rows: list[Row]) -> None:
        sizes.append(len(rows))
        time.sleep(0.02)
        write(cursor, rows)

    monkeypatch.setattr(recording, "copy", slow)
    writer = Writer(connect)

    async def all_at_once() -> None:
        await asyncio.gather(*(writer.record_async(row(link.pk), 5) for _ in range(300)))

    asyncio.run(all_at_once())
    writer.stop()
    assert sum(sizes) == Click.objects.count() == 300
    assert len(sizes) <= 3


def test_writes_a_click_that_is_there_already_once(writer: Writer, link: Link) -> None:
    one = row(link.pk)
    writer.record(one, 5)
    writer.record(one, 5)
    assert Click.objects.count() == 1


def test_lets_requests_go_at_once_while_the_database_is_away_and_writes_their_clicks_when_it_is_back(
    link: Link,
) -> None:
    switch = Switch()
    switch.open = False
    writer = Writer(switch.connect)
    took = []
    for _ in range(50):
        begun = time.monotonic()
        writer.record(row(link.pk))
        took.append(time.monotonic() - begun)
    assert max(took) < 0.25
    assert sum(took) < 0.5
    assert writer.unwritten == 50
    assert Click.objects.count() == 0
    switch.open = True
    wait_until(lambda: Click.objects.count() == 50)
    assert writer.well
    writer.stop()
    assert ClickLoss.objects.count() == 0


def test_counts_what_it_had_no_room_for_and_tells_staff_when_the_database_is_back(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 10)
    switch = Switch()
    switch.open = False
    writer = Writer(switch.connect)
    for _ in range(25):
        writer.record(row(link.pk))
    assert writer.lost == 15
    switch.open = True
    wait_until(ClickLoss.objects.exists)
    writer.stop()
    assert ClickLoss.objects.get().count == 15
    assert Click.objects.count() == 10
    assert writer.lost == 0


def test_asks_for_the_database_at_growing_intervals(link: Link) -> None:
    switch = Switch()
    switch.open = False
    writer = Writer(switch.connect)
    writer.record(row(link.pk))
    time.sleep(0.5)
    assert 2 <= switch.tried <= 6
    writer.stop()


def test_waits_a_bounded_time_for_a_database_that_is_slow_then_not_at_all(writer: Writer, link: Link) -> None:
    writer.record(row(link.pk), 5)
    with connect() as blocker:
        blocker.autocommit = False
        blocker.execute("LOCK TABLE tracking_click IN ACCESS EXCLUSIVE MODE")
        begun = time.monotonic()
        writer.record(row(link.pk))
        first = time.monotonic() - begun
        begun = time.monotonic()
        for _ in range(20):
            writer.record(row(link.pk))
        rest = time.monotonic() - begun
        blocker.rollback()
    assert 0.1 < first < 0.25
    assert rest < 0.1
    wait_until(lambda: Click.objects.count() == 22)
    wait_until(lambda: writer.well)
    begun = time.monotonic()
    writer.record(row(link.pk), 5)
    assert Click.objects.count() == 23


def test_goes_on_when_the_server_cut_its_connection(writer: Writer, link: Link) -> None:
    writer.record(row(link.pk), 5)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'accord clicks'"
        )
    for _ in range(10):
        writer.record(row(link.pk), 5)
    wait_until(lambda: Click.objects.count() == 11)


def test_drops_only_the_click_that_the_database_refuses(writer: Writer, link: Link) -> None:
    writer.well = False  # nobody waits, so that they are written together
    rows = [row(link.pk), row(uuid7()), row(link.pk, sub1="a\x00b"), row(link.pk, sub1="x" * 101), row(link.pk)]
    for one in rows:
        writer.record(one)
    wait_until(ClickLoss.objects.exists)
    writer.stop()
    assert set(Click.objects.values_list("id", flat=True)) == {rows[0].id, rows[4].id}
    assert sum(ClickLoss.objects.values_list("count", flat=True)) == 3


def test_keeps_the_moment_to_the_microsecond_in_utc(writer: Writer, link: Link) -> None:
    at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC) + timedelta(0)
    writer.record(row(link.pk, at=at), 5)
    assert Click.objects.get().at == at
