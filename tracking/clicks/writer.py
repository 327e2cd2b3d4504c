"""The thread that writes the clicks of a process, so that many requests share a commit.

Requests add their click to the open group and wait for it. The thread takes the group, commits it and releases them.
While the database is slow or unavailable, clicks go to the spool on disk and later into the database.
"""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg

from tracking.clicks import click_store
from tracking.clicks.click_store import ClickRow
from tracking.clicks.connection import TimeoutConnection
from tracking.clicks.group_commit import Group
from tracking.clicks.spool import Spool
from tracking.clicks.spool_drain import drain_file, drain_orphaned_files

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.12
# After a slower commit, clicks go straight to disk until one is faster again.
_HEALTHY_SECONDS = 0.3
BACK_OFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
_SPOOL_CHECK_SECONDS = 10.0
_MAX_BATCH = 2_000

Connect = Callable[[], TimeoutConnection]
Answer = Callable[[], None]


class ClickGroup(Group[bytes]):
    """Clicks that are written together.

    `answers` has the visits that no thread waits for, each with its click. None joins them once the group `is_overdue`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[bytes, Answer]] = []
        self.deadline = 0.0
        self.is_overdue = False


class Writer:
    """`is_healthy` says whether the last write succeeded in time. If not, clicks go straight to the spool."""

    def __init__(self, connect: Connect, spool: Spool) -> None:
        self._connect = connect
        self.spool = spool
        self._ready = threading.Condition()
        self._open = ClickGroup()
        self._unanswered: queue.SimpleQueue[ClickGroup | None] = queue.SimpleQueue()
        self._connection: TimeoutConnection | None = None
        self._threads: list[threading.Thread] = []
        self._pid = 0
        self._stopping = False
        self._last_spool_check = 0.0
        self.is_healthy = True
        # Called by the thread after each group and every few seconds.
        self.after_write: Callable[[], None] = lambda: None

    def record(self, row: ClickRow, seconds: float = WAIT_SECONDS) -> None:
        """Store the click, and return when it is durable: in the database, or on disk after `seconds` at most."""
        line = click_store.encode_row(row)
        group = self._join_group(line)
        if group is None or not group.wait(seconds):
            self._spool_line(line)

    async def record_async(self, row: ClickRow, seconds: float = WAIT_SECONDS) -> None:
        """Do the same as `record` in an event loop."""
        line = click_store.encode_row(row)
        group = self._join_group(line)
        if group is None or not await group.wait_async(seconds):
            self._spool_line(line)

    def record_later(self, row: ClickRow, answer: Answer, seconds: float = WAIT_SECONDS) -> None:
        """Do the same as `record` without waiting: call `answer` once the click is durable, perhaps in another thread."""
        line = click_store.encode_row(row)
        if self._join_group(line, answer, seconds) is None:
            self._spool_line(line)
            answer()

    def start(self) -> None:
        """Start the threads. A forked process starts its own, and must not use its parent's connection."""
        with self._ready:
            if self._pid == os.getpid():
                return
            self._pid, self._connection, self._stopping, self.is_healthy = os.getpid(), None, False, True
            self._open, self._unanswered = ClickGroup(), queue.SimpleQueue()
            self.spool.open()
            runs = {"clicks": self._run, "answers": self._answer_groups}
            self._threads = [threading.Thread(target=run, name=name, daemon=True) for name, run in runs.items()]
            for thread in self._threads:
                thread.start()

    def stop(self, seconds: float = 2.0) -> None:
        """Write pending clicks and stop the threads, when the server shuts down or in tests."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        for thread in self._threads:
            thread.join(seconds)
            self._unanswered.put(None)

    def _join_group(self, line: bytes, answer: Answer | None = None, seconds: float = 0) -> ClickGroup | None:
        """Add the click to the open group and return it; None while the database is unavailable."""
        if self._pid != os.getpid():
            self.start()
        if not self.is_healthy:
            return None
        with self._ready:
            group = self._open
            if answer is not None and group.is_overdue:
                return None
            if answer is not None:
                if not group.answers:
                    group.deadline = time.monotonic() + seconds
                    self._unanswered.put(group)
                group.answers.append((line, answer))
            group.items.append(line)
            if len(group.items) == 1:
                self._ready.notify()
            return group

    def _spool_line(self, line: bytes) -> None:
        """Spool a click that was not written in time. If it is written after all, it stays one row."""
        self.is_healthy = False
        self.spool.write([line])
        with self._ready:
            self._ready.notify()

    def _answer_groups(self) -> None:
        """Answer the visits that no thread waits for, one group after another."""
        while (group := self._unanswered.get()) is not None:
            if not group.wait(group.deadline - time.monotonic()):
                with self._ready:
                    group.is_overdue, self.is_healthy = True, False
                    self.spool.write([line for line, _answer in group.answers])
                    self._ready.notify()
            for _line, answer in group.answers:
                try:
                    answer()
                except Exception:
                    log.exception("A visit cannot be answered")

    def _run(self) -> None:
        try:
            self._write_groups()
        finally:
            self._disconnect()
            self.spool.close()

    def _write_groups(self) -> None:
        failures = 0
        while (group := self._take_group(retry=failures > 0)) is not None:
            try:
                self._write(group)
                failures = 0
            except Exception as error:  # noqa: BLE001  (this thread must survive every database error)
                self._handle_failure(error, group, first=not failures)
                failures += 1
            self.after_write()
            if failures and self._stopping:
                return
            if failures:
                time.sleep(BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS)) - 1])

    def _take_group(self, *, retry: bool) -> ClickGroup | None:
        """Return the next group to write, which may be empty; None when the thread must end."""
        with self._ready:
            if not (
                self._open.items or self.spool.has_content or self._stopping or retry or not self._last_spool_check
            ):
                self._ready.wait(_SPOOL_CHECK_SECONDS)
            if self._stopping and not (self._open.items or self.spool.has_content):
                return None
            group, self._open = self._open, ClickGroup()
            return group

    def _write(self, group: ClickGroup) -> None:
        """Write the group, for which requests wait, then the spool of this process and of dead ones."""
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        if not group.items:
            group.complete()
        else:
            started = time.monotonic()
            for start in range(0, len(group.items), _MAX_BATCH):
                self._write_lines(self._connection, group.items[start : start + _MAX_BATCH])
            group.complete()
            self.is_healthy = time.monotonic() - started < _HEALTHY_SECONDS
        for taken in self.spool.take():
            self.is_healthy = drain_file(self._connection, taken) < _HEALTHY_SECONDS
        if not self._last_spool_check or time.monotonic() - self._last_spool_check > _SPOOL_CHECK_SECONDS:
            drain_orphaned_files(self._connection, self.spool)
            self._last_spool_check = time.monotonic()

    def _write_lines(self, connection: TimeoutConnection, lines: Sequence[bytes]) -> None:
        try:
            click_store.copy_rows(connection, lines)
        except (psycopg.DataError, psycopg.IntegrityError):
            # One click is not valid, or exists already because the spool was drained first.
            if invalid := click_store.insert_valid_rows(connection, lines):
                self.spool.count_lost(invalid)

    def _handle_failure(self, error: Exception, group: ClickGroup, *, first: bool) -> None:
        """Spool the unwritten clicks, release the waiting requests and close the connection."""
        self.is_healthy, self._last_spool_check = False, 0.0
        if not group.is_complete:
            self.spool.write(group.items)
            group.complete()
        if first:
            log.warning("Clicks cannot be recorded at the moment: %s", error)
        self._disconnect()

    def _disconnect(self) -> None:
        with suppress(Exception):
            if self._connection is not None:
                self._connection.close()
        self._connection = None
