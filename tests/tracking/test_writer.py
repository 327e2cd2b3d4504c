"""The writer of clicks ..."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from agreements.models import Program
from lib.ids import uuid7
from tests.factories import make_affiliate
from tracking import tasks
from tracking.clicks import click_store, service
from tracking.clicks.click_store import ClickRow
from tracking.clicks.connection import connect
from tracking.clicks.spool import Spool
from tracking.clicks.writer import Writer
from tracking.links import tracking_links
from tracking.models import Click, ClickLoss, Link

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]


@pytest.fixture
def link() -> Link:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    affiliate = make_affiliate()
    return tracking_links.create_link(affiliate=affiliate, target="https://shop.example/", now=timezone.now(), by=None)


def spool(folder: Path, most_bytes: int = 2**20) -> Spool:
    return Spool(folder / "spool", "db", most_bytes)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(connect, spool(tmp_path))
    yield made
    made.stop()


def row(link_id: UUID, **changes: Any) -> ClickRow:
    fields: dict[str, Any] = dict.fromkeys(ClickRow._fields, "") | {"kind": "counted", "at": datetime.now(UTC)}
    return ClickRow(**(fields | {"id": uuid7(), "link_id": link_id} | changes))


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


def test_shares_one_commit_among_many_requests(link: Link, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes: list[int] = []
    write = click_store.copy_rows

    def slow(cursor: Any, lines: list[bytes]) -> None:
        sizes.append(len(lines))
        time.sleep(0.02)
        write(cursor, lines)

    monkeypatch.setattr(click_store, "copy_rows", slow)
    writer = Writer(connect, spool(tmp_path))

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
    link: Link, tmp_path: Path
) -> None:
    switch = Switch()
    switch.open = False
    writer = Writer(switch.connect, spool(tmp_path))
    rows = [row(link.pk, sub1="ü'\"\\,{}", sub2="a\tb\nc\\N", sub3="\\.") for _ in range(50)]
    took = []
    for one in rows:
        begun = time.monotonic()
        writer.record(one)
        took.append(time.monotonic() - begun)
    assert max(took) < 0.25
    assert sum(took) < 0.5
    assert Click.objects.count() == 0
    switch.open = True
    wait_until(lambda: Click.objects.count() == 50)
    assert set(Click.objects.values_list("sub1", "sub2", "sub3")) == {("ü'\"\\,{}", "a\tb\nc\\N", "\\.")}
    wait_until(lambda: writer.is_healthy)
    writer.stop()
    # Nothing is lost, and staff see how much came late.
    assert sum(ClickLoss.objects.values_list("count", flat=True)) == 0
    assert sum(ClickLoss.objects.values_list("late", flat=True)) == 50
    assert list((tmp_path / "spool").iterdir()) == []


def test_counts_what_it_had_no_room_for_and_tells_staff_when_the_database_is_back(link: Link, tmp_path: Path) -> None:
    switch = Switch()
    switch.open = False
    room = 10 * len(click_store.encode_row(row(link.pk))) + 60
    writer = Writer(switch.connect, spool(tmp_path, room))
    for _ in range(25):
        writer.record(row(link.pk))
    assert writer.spool.lost == 15
    switch.open = True
    wait_until(ClickLoss.objects.exists)
    wait_until(lambda: writer.is_healthy)
    writer.stop()
    assert ClickLoss.objects.get(count__gt=0).count == 15
    assert Click.objects.count() == 10
    assert writer.spool.lost == 0


def test_counts_the_lost_where_there_is_no_place_for_a_spool(link: Link, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder would be")
    switch = Switch()
    switch.open = False
    writer = Writer(switch.connect, spool(tmp_path))
    for _ in range(7):
        writer.record(row(link.pk))
    assert writer.spool.lost == 7
    switch.open = True
    (tmp_path / "spool").unlink()
    writer.record(row(link.pk))
    wait_until(lambda: sum(ClickLoss.objects.values_list("count", flat=True)) == 7)
    wait_until(lambda: Click.objects.count() == 1)
    writer.stop()


def test_asks_for_the_database_at_growing_intervals(link: Link, tmp_path: Path) -> None:
    switch = Switch()
    switch.open = False
    writer = Writer(switch.connect, spool(tmp_path))
    writer.record(row(link.pk))
    time.sleep(0.5)
    assert 2 <= switch.tried <= 6
    writer.stop()


# A process that keeps clicks of a link while its database is away, says so, and waits to be killed.
KEEPER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
import psycopg
from lib.ids import uuid7
from tracking.clicks.click_store import ClickRow
from tracking.clicks.spool import Spool
from tracking.clicks.writer import Writer

def away():
    raise psycopg.OperationalError("away")

writer = Writer(away, Spool(Path(sys.argv[1]), "db", 2000))
for _ in range(30):
    fields = dict.fromkeys(ClickRow._fields, "") | {"kind": "counted", "device": "other", "at": datetime.now(UTC)}
    one = ClickRow(**(fields | {"id": uuid7(), "link_id": UUID(sys.argv[2])}))
    writer.record(one)
    print(one.id, flush=True)
print("done", flush=True)
time.sleep(60)
"""


def test_brings_what_a_killed_process_kept_and_counted_once(link: Link, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KEEPER, str(tmp_path / "spool"), str(link.pk)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], text=True) as keeper:
        assert keeper.stdout is not None
        said = [UUID(text.strip()) for text in iter(keeper.stdout.readline, "done\n")]
        writer = Writer(connect, spool(tmp_path))
        writer.record(row(link.pk), 5)
        time.sleep(0.2)
        assert Click.objects.count() == 1  # the keeper lives: what it has is its own
        writer.stop()
        os.kill(keeper.pid, signal.SIGKILL)
    [left] = (tmp_path / "spool").iterdir()
    was = left.read_bytes()
    for _twice in range(2):
        # The second time as if whoever brought it had been killed before deleting it.
        left.write_bytes(was)
        again = Writer(connect, spool(tmp_path))
        again.start()
        wait_until(lambda: not left.exists())
        again.stop()
    kept = set(Click.objects.values_list("id", flat=True)) & set(said)
    loss = ClickLoss.objects.get()
    assert len(said) == 30
    assert kept == set(said[: len(kept)])
    assert 0 < len(kept) < 30
    assert (loss.late, loss.count) == (len(kept), 30 - len(kept))


def test_brings_of_a_cut_off_line_what_was_answered(link: Link, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    whole, cut = row(link.pk), row(link.pk)
    left = folder / "db.1.x.clicks"
    left.write_bytes(b"lost %020d\n" % 0 + click_store.encode_row(whole) + click_store.encode_row(cut)[:-5])
    writer = Writer(connect, spool(tmp_path))
    writer.start()
    wait_until(lambda: not left.exists())
    writer.stop()
    assert list(Click.objects.values_list("id", flat=True)) == [whole.id]


def test_is_not_needed_for_what_a_killed_process_left(link: Link, tmp_path: Path, settings: Settings) -> None:
    settings.CLICK_SPOOL_DIR = tmp_path / "none yet"
    assert service.drain_orphaned_spools() == 0
    settings.CLICK_SPOOL_DIR = tmp_path
    one = row(link.pk)
    left = tmp_path / f"{connection.settings_dict['NAME']}.1.x.clicks"
    left.write_bytes(b"lost %020d\n" % 2 + click_store.encode_row(one))
    tasks.record_orphaned_clicks()
    assert not left.exists()
    assert Click.objects.get().pk == one.id
    assert ClickLoss.objects.values_list("late", "count").get() == (1, 2)


def test_leaves_the_clicks_of_another_database_alone(link: Link, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    other = folder / "db2.1.x.clicks"
    other.write_bytes(b"lost %020d\n" % 3)
    writer = Writer(connect, spool(tmp_path))
    writer.record(row(link.pk), 5)
    writer.stop()
    assert other.exists()
    assert not ClickLoss.objects.exists()


def test_gives_up_on_a_server_that_takes_a_statement_and_never_answers(link: Link, tmp_path: Path) -> None:
    with connect() as patient:
        begun = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            patient.wait(patient.cursor()._execute_gen("SELECT pg_sleep(4)"), timeout=0.3)
        assert time.monotonic() - begun < 2
        assert patient.closed


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
    assert 0.05 < first < 0.25
    assert rest < 0.1
    wait_until(lambda: Click.objects.count() == 22)
    writer.record(row(link.pk), 5)
    wait_until(lambda: writer.is_healthy)
    writer.record(row(link.pk), 5)
    assert Click.objects.count() == 24


def test_goes_on_when_the_server_cut_its_connection(writer: Writer, link: Link) -> None:
    writer.record(row(link.pk), 5)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'accord clicks' AND datname = current_database()"
        )
    for _ in range(10):
        writer.record(row(link.pk), 5)
    wait_until(lambda: Click.objects.count() == 11)


def test_drops_only_the_click_that_the_database_refuses(writer: Writer, link: Link) -> None:
    rows = [row(link.pk), row(uuid7()), row(link.pk, sub1="a\x00b"), row(link.pk, sub1="x" * 101), row(link.pk)]

    async def all_at_once() -> None:
        await asyncio.gather(*(writer.record_async(one, 5) for one in rows))

    asyncio.run(all_at_once())
    wait_until(lambda: sum(ClickLoss.objects.values_list("count", flat=True)) == 3)
    writer.stop()
    assert set(Click.objects.values_list("id", flat=True)) == {rows[0].id, rows[4].id}


def test_keeps_the_moment_to_the_microsecond_in_utc(writer: Writer, link: Link) -> None:
    at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC) + timedelta(0)
    writer.record(row(link.pk, at=at), 5)
    assert Click.objects.get().at == at
