"""Clicks when the spool's folder cannot be used."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tracking.click_writing import Switch, make_row, make_spool, wait_until
from tracking.clicks import click_store, spool
from tracking.clicks.connection import connect
from tracking.clicks.writer import Writer
from tracking.models import Click, ClickLoss, Link

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY = 65534


@contextmanager
def lock_out(folder: Path) -> Iterator[None]:
    """Take the right to enter `folder` from this process, also if it runs as root."""
    own = os.geteuid()
    folder.chmod(0o000)
    os.seteuid(own or NOBODY)
    try:
        yield
    finally:
        os.seteuid(own)
        folder.chmod(0o700)


@contextmanager
def block(folder: Path) -> Iterator[None]:
    """Put a file in place of `folder`."""
    folder.rmdir()
    folder.write_text("no folder")
    try:
        yield
    finally:
        folder.unlink()


OBSTACLES = pytest.mark.parametrize("obstruct", [lock_out, block], ids=["not enterable", "no folder"])


@OBSTACLES
def test_clicks_are_recorded_without_usable_spool(link: Link, tmp_path: Path, obstruct: Callable) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    with obstruct(parent):
        writer = Writer(connect, make_spool(parent))
        for _ in range(15):
            writer.record(make_row(link.pk))
        wait_until(lambda: Click.objects.count() == 15)
        wait_until(lambda: writer.is_healthy)
        writer.stop()
    assert not ClickLoss.objects.filter(count__gt=0).exists()


@OBSTACLES
def test_clicks_wait_in_memory_without_usable_spool(link: Link, tmp_path: Path, obstruct: Callable) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    switch = Switch()
    switch.is_up = False
    with obstruct(parent):
        writer = Writer(switch.connect, make_spool(parent))
        for _ in range(7):
            writer.record(make_row(link.pk))
        assert writer.spool.lost == 0
        switch.is_up = True
        wait_until(lambda: Click.objects.count() == 7)
        wait_until(lambda: writer.is_healthy)
        writer.stop()
    assert not ClickLoss.objects.filter(count__gt=0).exists()
    assert sum(ClickLoss.objects.values_list("late", flat=True)) == 7


def test_clicks_beyond_memory_are_counted_as_lost(link: Link, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", 10 * len(click_store.encode_row(make_row(link.pk))) + 60)
    (tmp_path / "spool").write_text("no folder")
    switch = Switch()
    switch.is_up = False
    writer = Writer(switch.connect, make_spool(tmp_path))
    for _ in range(25):
        writer.record(make_row(link.pk))
    assert writer.spool.lost == 15
    switch.is_up = True
    wait_until(lambda: Click.objects.count() == 10)
    wait_until(lambda: writer.is_healthy)
    writer.stop()
    assert ClickLoss.objects.get(count__gt=0).count == 15
    assert writer.spool.lost == 0


def test_clicks_are_kept_when_draining_them_from_memory_fails(
    link: Link, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spool").write_text("no folder")
    switch = Switch()
    switch.is_up = False
    writer = Writer(switch.connect, make_spool(tmp_path))
    for _ in range(5):
        writer.record(make_row(link.pk))
    failures = iter([True, True])
    insert = click_store.insert_valid_rows

    def fail_twice(*arguments: object) -> int:
        if next(failures, False):
            raise ConnectionError("the server went away")
        return insert(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(click_store, "insert_valid_rows", fail_twice)
    switch.is_up = True
    wait_until(lambda: Click.objects.count() == 5)
    writer.stop()


def test_clicks_spooled_before_folder_was_locked_are_recorded(link: Link, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    switch = Switch()
    switch.is_up = False
    writer = Writer(switch.connect, make_spool(parent))
    for _ in range(4):
        writer.record(make_row(link.pk))
    with lock_out(parent):
        switch.is_up = True
        wait_until(lambda: Click.objects.count() == 4)
        wait_until(lambda: writer.is_healthy)
        writer.record(make_row(link.pk))
        wait_until(lambda: Click.objects.count() == 5)
        writer.stop()
    assert not ClickLoss.objects.filter(count__gt=0).exists()
