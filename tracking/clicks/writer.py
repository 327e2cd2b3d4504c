"""The one thread of a process that writes clicks, so that many requests share a commit (PERFORMANCE 2).

Requests put their click into the open group and wait for it. The thread takes the group, writes and commits it, and
lets all of them answer. Where the database is slow or gone nobody waits: clicks go to the spool on disk, and from
there into the database when it is back.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg

from tracking.clicks import click_store
from tracking.clicks.click_store import Row
from tracking.clicks.draining import drain, drain_left_behind
from tracking.clicks.group_commit import Group
from tracking.clicks.spool import Spool

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.12
# A commit that takes longer is not worth waiting for: until one takes less, clicks go to disk at once.
_IN_TIME_SECONDS = 0.3
BACK_OFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
_LOOK_ROUND_SECONDS = 10.0
_MOST_AT_ONCE = 2_000

Connect = Callable[[], psycopg.Connection[Any]]


class Writer:
    """`well` is whether the last write went through in time: while it didn't, clicks go to the spool at once."""

    def __init__(self, connect: Connect, spool: Spool) -> None:
        self._connect = connect
        self.spool = spool
        self._ready = threading.Condition()
        self._open: Group[bytes] = Group()
        self._connection: psycopg.Connection[Any] | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._stopping = False
        self._looked_round = 0.0
        self.well = True

    def record(self, row: Row, seconds: float = WAIT_SECONDS) -> None:
        """Return when the click is durable: in the database, or after so many seconds, or while it is away, on disk."""
        line = click_store.line(row)
        group = self._add(line)
        if group is None or not group.wait(seconds):
            self._spool(line)

    async def record_async(self, row: Row, seconds: float = WAIT_SECONDS) -> None:
        """As `record`, in an event loop."""
        line = click_store.line(row)
        group = self._add(line)
        if group is None or not await group.wait_async(seconds):
            self._spool(line)

    def start(self) -> None:
        """Start the thread of this process; one that was forked has none, and no right to its parent's connection."""
        with self._ready:
            if self._pid == os.getpid():
                return
            self._pid, self._connection, self._stopping, self.well = os.getpid(), None, False, True
            self._open = Group()
            self.spool.open()
            self._thread = threading.Thread(target=self._run, name="clicks", daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 2.0) -> None:
        """Write what waits and end the thread: for tests, and for a server that shuts down."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join(seconds)

    def _add(self, line: bytes) -> Group[bytes] | None:
        """The group that the click is in now; None while the database is away."""
        if self._pid != os.getpid():
            self.start()
        if not self.well:
            return None
        with self._ready:
            group = self._open
            group.items.append(line)
            if len(group.items) == 1:
                self._ready.notify()
            return group

    def _spool(self, line: bytes) -> None:
        """Keep a click that the database has not taken yet; should it take it all the same, it is one click still."""
        self.well = False
        self.spool.keep([line])
        with self._ready:
            self._ready.notify()

    def _run(self) -> None:
        try:
            self._write_groups()
        finally:
            self._disconnect()
            self.spool.close()

    def _write_groups(self) -> None:
        failures = 0
        while (group := self._next(again=failures > 0)) is not None:
            try:
                self._write(group)
                failures = 0
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever a database can come up with)
                self._let_go(error, group, first=not failures)
                failures += 1
            if failures and self._stopping:
                return
            if failures:
                time.sleep(BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS)) - 1])

    def _next(self, *, again: bool) -> Group[bytes] | None:
        """The group to be written next, which may be empty; None when it is time to end."""
        with self._ready:
            if not (self._open.items or self.spool.dirty or self._stopping or again or not self._looked_round):
                self._ready.wait(_LOOK_ROUND_SECONDS)
            if self._stopping and not (self._open.items or self.spool.dirty):
                return None
            group, self._open = self._open, Group()
            return group

    def _write(self, group: Group[bytes]) -> None:
        """Write the group, for which somebody waits, then what the spool holds of this process and of dead ones."""
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        if not group.items:
            group.settle()
        else:
            begun = time.monotonic()
            for start in range(0, len(group.items), _MOST_AT_ONCE):
                self._write_lines(self._connection, group.items[start : start + _MOST_AT_ONCE])
            group.settle()
            self.well = time.monotonic() - begun < _IN_TIME_SECONDS
        if (taken := self.spool.take()) is not None:
            self.well = drain(self._connection, taken) < _IN_TIME_SECONDS
        if not self._looked_round or time.monotonic() - self._looked_round > _LOOK_ROUND_SECONDS:
            drain_left_behind(self._connection, self.spool)
            self._looked_round = time.monotonic()

    def _write_lines(self, connection: psycopg.Connection[Any], lines: Sequence[bytes]) -> None:
        try:
            click_store.copy(connection.cursor(), lines)
        except (psycopg.DataError, psycopg.IntegrityError):
            # One of them can't be written, or is there already because the spool was faster.
            if refused := click_store.add_good_ones(connection, lines):
                self.spool.lose(refused)

    def _let_go(self, error: Exception, group: Group[bytes], *, first: bool) -> None:
        """Keep what could not be written, let its visitors go on, and give up the connection."""
        self.well, self._looked_round = False, 0.0
        if not group.settled:
            self.spool.keep(group.items)
            group.settle()
        if first:
            log.warning("clicks can't be recorded for the moment: %s", error)
        self._disconnect()

    def _disconnect(self) -> None:
        with suppress(Exception):
            if self._connection is not None:
                self._connection.close()
        self._connection = None
