"""The one thread of a process that writes clicks, so that many requests share a commit (PERFORMANCE 2).

Requests put their click into the open group and wait for it. The thread takes the group, writes and commits it, and
lets all of them answer. Where the database is slow or gone nobody waits: clicks gather in memory up to a bound and are
written when it is back; what does not fit is counted, and the count is written then.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

from tracking import recording
from tracking.recording import Row
from tracking.redirecting.gathering import Group

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.15
MOST_WAITING = 20_000
_MOST_AT_ONCE = 2_000
BACK_OFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)

Connect = Callable[[], psycopg.Connection[Any]]


class Writer:
    """`well` is whether the last write went through in time: while it isn't, nobody waits."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._ready = threading.Condition()
        self._open: Group[Row] = Group()
        self._left: list[Row] = []
        self._lost = 0
        # Whether some of what is left may have been written already, its answer lost.
        self._tried = False
        self._connection: psycopg.Connection[Any] | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._stopping = False
        self.well = True

    @property
    def lost(self) -> int:
        """How many clicks are lost for good and not yet noted in the database."""
        return self._lost

    @property
    def unwritten(self) -> int:
        """How many clicks wait in memory."""
        return len(self._left) + len(self._open.items)

    def record(self, row: Row, seconds: float = WAIT_SECONDS) -> None:
        """Return when the click is committed, or after so many seconds, or at once while the database is away."""
        group = self._add(row)
        if group is not None and self.well and not group.wait(seconds):
            self.well = False

    async def record_async(self, row: Row, seconds: float = WAIT_SECONDS) -> None:
        """As `record`, in an event loop."""
        group = self._add(row)
        if group is not None and self.well and not await group.wait_async(seconds):
            self.well = False

    def stop(self, seconds: float = 2.0) -> None:
        """Write what waits and end the thread: for tests, and for a server that shuts down."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join(seconds)

    def _add(self, row: Row) -> Group[Row] | None:
        """The group that the click is in now; None, and one more lost, where memory has no room for it."""
        if self._pid != os.getpid():
            self._start()
        with self._ready:
            group = self._open
            if len(self._left) + len(group.items) >= MOST_WAITING:
                self._lost += 1
                return None
            group.items.append(row)
            if len(group.items) == 1:
                self._ready.notify()
            return group

    def _start(self) -> None:
        """Start the thread of this process; one that was forked has none, and no right to its parent's connection."""
        with self._ready:
            if self._pid == os.getpid():
                return
            self._pid, self._connection, self._stopping, self.well = os.getpid(), None, False, True
            self._thread = threading.Thread(target=self._run, name="clicks", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self._write_groups()
        finally:
            self._close()

    def _write_groups(self) -> None:
        failures = 0
        while (group := self._next()) is not None:
            try:
                self._left += group.items
                self._write()
                failures, self.well = 0, True
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever a database can come up with)
                self._let_go(error, first=not failures)
                failures += 1
            group.settle()
            if failures and self._stopping:
                return
            if failures:
                time.sleep(BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS)) - 1])

    def _next(self) -> Group[Row] | None:
        """The group to be written next, of clicks left over or new; None when it is time to end."""
        with self._ready:
            while not (self._open.items or self._left or self._lost or self._stopping):
                self._ready.wait()
            if self._stopping and not self.unwritten:
                return None
            group, self._open = self._open, Group()
            return group

    def _write(self) -> None:
        """Write what is left over and new, oldest first, each statement a commit of its own."""
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        while self._left:
            some = self._left[:_MOST_AT_ONCE]
            write = recording.write if self._tried else recording.copy
            try:
                write(self._connection.cursor(), some)
            except (psycopg.DataError, psycopg.IntegrityError):
                self._lost += recording.write_good_ones(self._connection, some)
            del self._left[: len(some)]
        self._tried = False
        if lost := self._lost:
            recording.write_loss(self._connection.cursor(), lost)
            with self._ready:
                self._lost -= lost

    def _let_go(self, error: Exception, *, first: bool) -> None:
        """Say once that the database is away, and give up the connection."""
        self.well, self._tried = False, True
        if first:
            log.warning("clicks can't be recorded for the moment: %s", error)
        self._close()

    def _close(self) -> None:
        with suppress(Exception):
            if self._connection is not None:
                self._connection.close()
        self._connection = None
