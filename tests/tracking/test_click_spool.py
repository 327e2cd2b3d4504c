"""The spool of clicks on disk."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import Settings

from tests.tracking.click_writing import Switch, make_row, make_spool, wait_until
from tests.tracking.waiting import record_waits
from tracking import tasks
from tracking.clicks import click_store, service
from tracking.clicks import writer as module
from tracking.clicks.connection import connect
from tracking.clicks.writer import WAIT_SECONDS, Writer
from tracking.models import Click, ClickLoss, Link

pytestmark = pytest.mark.django_db(transaction=True)


def test_clicks_are_spooled_while_database_is_down_and_recorded_later(link: Link, tmp_path: Path) -> None:
    switch = Switch()
    switch.is_up = False
    writer = Writer(switch.connect, make_spool(tmp_path))
    texts = {"sub1": "ü'\"\\,{}", "sub2": "a\tb\nc\\N", "sub3": "\\."}
    details = {"kind": "subresource", "failed_deep_link": "https://évil.example\\/\t"}
    rows = [make_row(link.pk, **texts, **details) for _ in range(50)]
    with record_waits() as waits:
        for one in rows:
            writer.record(one)
    # After the first request none waits for the database.
    assert [wait.limit for wait in waits] == [WAIT_SECONDS]
    assert Click.objects.count() == 0
    switch.is_up = True
    wait_until(lambda: Click.objects.count() == 50)
    assert list(Click.objects.order_by().values(*texts, *details).distinct()) == [texts | details]
    wait_until(lambda: writer.is_healthy)
    writer.stop()
    # Nothing is lost, and staff see how many clicks were recorded late.
    assert sum(ClickLoss.objects.values_list("count", flat=True)) == 0
    assert sum(ClickLoss.objects.values_list("late", flat=True)) == 50
    assert list((tmp_path / "spool").iterdir()) == []


def test_clicks_beyond_spool_limit_are_counted_as_lost(link: Link, tmp_path: Path) -> None:
    switch = Switch()
    switch.is_up = False
    max_bytes = 10 * len(click_store.encode_row(make_row(link.pk))) + 60
    writer = Writer(switch.connect, make_spool(tmp_path, max_bytes))
    for _ in range(25):
        writer.record(make_row(link.pk))
    assert writer.spool.lost == 15
    switch.is_up = True
    wait_until(ClickLoss.objects.exists)
    wait_until(lambda: writer.is_healthy)
    writer.stop()
    assert ClickLoss.objects.get(count__gt=0).count == 15
    assert Click.objects.count() == 10
    assert writer.spool.lost == 0


def test_reconnection_attempts_back_off(link: Link, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switch = Switch()
    switch.is_up = False
    pauses: list[tuple[int, float]] = []

    def pause(seconds: float) -> None:
        pauses.append((switch.attempts, seconds))
        time.sleep(0.001)

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pause))
    writer = Writer(switch.connect, make_spool(tmp_path))
    writer.record(make_row(link.pk))
    wait_until(lambda: len(pauses) >= 6)
    writer.stop()
    assert pauses[:6] == [(1, 0.05), (2, 0.1), (3, 0.2), (4, 0.5), (5, 1.0), (6, 1.0)]


# A process that spools clicks because its database is down, prints their ids, and waits to be killed.
SPOOLING_PROCESS = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
import psycopg
from lib.ids import uuid7
from tracking.clicks.click_store import ClickRow
from tracking.clicks.spool import Spool
from tracking.clicks.writer import Writer

def fail():
    raise psycopg.OperationalError("down")

writer = Writer(fail, Spool(Path(sys.argv[1]), "db", 2000))
for _ in range(30):
    fields = dict.fromkeys(ClickRow._fields, "") | {"kind": "counted", "device": "other", "at": datetime.now(UTC)}
    row = ClickRow(**(fields | {"id": uuid7(), "link_id": UUID(sys.argv[2])}))
    writer.record(row)
    print(row.id, flush=True)
print("done", flush=True)
time.sleep(60)
"""


def test_spool_of_killed_process_is_recorded_once(link: Link, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SPOOLING_PROCESS, str(tmp_path / "spool"), str(link.pk)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], text=True) as process:
        assert process.stdout is not None
        ids = [UUID(text.strip()) for text in iter(process.stdout.readline, "done\n")]
        writer = Writer(connect, make_spool(tmp_path))
        writer.record(make_row(link.pk), 5)
        time.sleep(0.2)
        assert Click.objects.count() == 1  # the process is alive and owns its file
        writer.stop()
        os.kill(process.pid, signal.SIGKILL)
    [file] = (tmp_path / "spool").iterdir()
    content = file.read_bytes()
    for _attempt in range(2):
        # The second time as if the first process had been killed before it deleted the file.
        file.write_bytes(content)
        writer = Writer(connect, make_spool(tmp_path))
        writer.start()
        wait_until(lambda: not file.exists())
        writer.stop()
    recorded = set(Click.objects.values_list("id", flat=True)) & set(ids)
    loss = ClickLoss.objects.get()
    assert len(ids) == 30
    assert recorded == set(ids[: len(recorded)])
    assert 0 < len(recorded) < 30
    assert (loss.late, loss.count) == (len(recorded), 30 - len(recorded))


def test_incomplete_last_line_of_spool_is_ignored(link: Link, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    complete, cut = make_row(link.pk), make_row(link.pk)
    file = folder / "db.1.x.clicks"
    file.write_bytes(b"lost %020d\n" % 0 + click_store.encode_row(complete) + click_store.encode_row(cut)[:-5])
    writer = Writer(connect, make_spool(tmp_path))
    writer.start()
    wait_until(lambda: not file.exists())
    writer.stop()
    assert list(Click.objects.values_list("id", flat=True)) == [complete.id]


def test_task_records_spool_of_killed_process(link: Link, tmp_path: Path, settings: Settings) -> None:
    settings.CLICK_SPOOL_DIR = tmp_path / "missing"
    assert service.drain_orphaned_spools() == 0
    settings.CLICK_SPOOL_DIR = tmp_path
    click = make_row(link.pk)
    file = tmp_path / f"{connection.settings_dict['NAME']}.1.x.clicks"
    file.write_bytes(b"lost %020d\n" % 2 + click_store.encode_row(click))
    tasks.record_orphaned_clicks()
    assert not file.exists()
    assert Click.objects.get().pk == click.id
    assert ClickLoss.objects.values_list("late", "count").get() == (1, 2)


def test_spool_of_other_database_is_left_alone(link: Link, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    other = folder / "db2.1.x.clicks"
    other.write_bytes(b"lost %020d\n" % 3)
    writer = Writer(connect, make_spool(tmp_path))
    writer.record(make_row(link.pk), 5)
    writer.stop()
    assert other.exists()
    assert not ClickLoss.objects.exists()
