"""Links in memory, renewed within seconds, so that a redirect asks no database (PERFORMANCE 2, CONTRACT 4).

Changes made anywhere take effect everywhere within 5 seconds: an entry older than `OLD_SECONDS` is never served without
having been asked for again, unless the database is away. Then whatever was served within the last hour goes on.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from tracking.clicks.group_commit import Group
from tracking.clicks.link_loader import KnownLink

log = logging.getLogger(__name__)

FRESH_SECONDS = 1.5
OLD_SECONDS = 3.5
KEPT_SECONDS = 3600
WAIT_SECONDS = 0.1
_LOOK_AROUND_SECONDS = 10
_BACK_OFF_SECONDS = 0.2
_MOST_ENTRIES = 200_000
_MOST_AT_ONCE = 500

Load = Callable[[Collection[str]], Mapping[str, KnownLink]]
ServedSince = Callable[[float], Iterable[str]]


class AwayError(Exception):
    """The link was not served within the last hour, and the database can't be asked for it."""


class Entry:
    """`link` is None for a code that names none."""

    __slots__ = ("link", "loaded", "served")

    def __init__(self, link: KnownLink | None, now: float) -> None:
        self.link, self.loaded, self.served = link, now, now


class Found(NamedTuple):
    """What is known: `entry` None for nothing; `wait` is what to wait for first."""

    entry: Entry | None
    wait: Group[str] | None


class LinkCache:
    """`load` reads links by code; `served_since` says which codes any process served in the last so many seconds;
    `close` is called by each of the two threads when it ends: one reads links, for which somebody may wait, the other looks
    around."""

    def __init__(self, load: Load, served_since: ServedSince, close: Callable[[], None] = lambda: None) -> None:
        self._load, self._served_since, self._close = load, served_since, close
        self._entries: dict[str, Entry] = {}
        self._ready = threading.Condition()
        self._open: Group[str] = Group()
        self._threads: list[threading.Thread] = []
        self._pid = 0
        self._stopping = threading.Event()
        self._looked_around = threading.Event()
        self.well = True

    def get(self, code: str) -> KnownLink | None:
        """The link of `code`, None for none; waits for the database only so long as it answers in time."""
        found = self._find(code)
        if found.wait is not None and not found.wait.wait(WAIT_SECONDS):
            self.well = False
        return self._served(code, found)

    async def get_async(self, code: str) -> KnownLink | None:
        """As `get`, in an event loop."""
        found = self._find(code)
        if found.wait is not None and not await found.wait.wait_async(WAIT_SECONDS):
            self.well = False
        return self._served(code, found)

    def start(self, seconds: float = 0) -> None:
        """Start the threads of this process, and wait so long at most until it knows what others served lately."""
        with self._ready:
            if self._pid != os.getpid():
                self._pid, self.well = os.getpid(), True
                self._stopping.clear()
                self._looked_around.clear()
                names = {"links": self._run, "links of others": self._look_around}
                self._threads = [threading.Thread(target=run, name=name, daemon=True) for name, run in names.items()]
                for thread in self._threads:
                    thread.start()
        self._looked_around.wait(seconds)

    def stop(self, seconds: float = 2.0) -> None:
        """End the threads: for tests, and for a server that shuts down."""
        with self._ready:
            self._stopping.set()
            self._ready.notify()
        for thread in self._threads:
            thread.join(seconds)

    def _find(self, code: str) -> Found:
        entry = self._entries.get(code)
        age = time.monotonic() - entry.loaded if entry is not None else OLD_SECONDS
        if age < FRESH_SECONDS:
            return Found(entry, None)
        group = self._ask([code])
        if not self.well or (age < OLD_SECONDS and entry is not None and entry.link is not None):
            return Found(entry, None)
        return Found(entry, group)

    def _served(self, code: str, found: Found) -> KnownLink | None:
        entry = self._entries.get(code) or found.entry
        now = time.monotonic()
        if entry is None or (entry.link is None and now - entry.loaded > OLD_SECONDS):
            raise AwayError(code)
        entry.served = now
        return entry.link

    def _ask(self, codes: Collection[str]) -> Group[str]:
        if self._pid != os.getpid():
            self.start()
        with self._ready:
            self._open.items.extend(codes)
            self._ready.notify()
            return self._open

    def _run(self) -> None:
        while not self._stopping.is_set():
            group = self._next()
            try:
                self._renew(set(group.items))
                self.well = True
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever a database can come up with)
                if self.well:
                    log.warning("links can't be read for the moment: %s", error)
                self.well = False
            group.settle()
            if not self.well:
                time.sleep(_BACK_OFF_SECONDS)
        self._close()

    def _next(self) -> Group[str]:
        with self._ready:
            if not (self._open.items or self._stopping.is_set()):
                self._ready.wait(_LOOK_AROUND_SECONDS)
            group, self._open = self._open, Group()
            return group

    def _renew(self, codes: set[str]) -> None:
        wanted = list(codes)
        for start in range(0, len(wanted), _MOST_AT_ONCE):
            # Taken before the question, so that an entry is never younger than what it says.
            now = time.monotonic()
            some = wanted[start : start + _MOST_AT_ONCE]
            links = self._load(some)
            for code in some:
                self._keep(code, links.get(code), now)

    def _keep(self, code: str, link: KnownLink | None, now: float) -> None:
        entry = Entry(link, now)
        before = self._entries.get(code)
        if before is not None:
            entry.served = before.served
        self._entries[code] = entry

    def _look_around(self) -> None:
        """Again and again learn the links that other processes served, and forget those that nobody asked for."""
        looked = 0.0
        while not self._stopping.is_set():
            now = time.monotonic()
            # Where it fails the other thread says so, and the next look goes further back.
            with suppress(Exception):
                codes = set(self._served_since(min(now - looked + 5, KEPT_SECONDS) if looked else KEPT_SECONDS))
                if unknown := codes - self._entries.keys():
                    self._ask(unknown).wait(_LOOK_AROUND_SECONDS)
                looked = now
            self._looked_around.set()
            self._forget(now)
            self._stopping.wait(_LOOK_AROUND_SECONDS if looked == now else 1)
        self._close()

    def _forget(self, now: float) -> None:
        crowded = len(self._entries) > _MOST_ENTRIES
        for code, entry in list(self._entries.items()):
            if now - entry.served > (OLD_SECONDS if entry.link is None or crowded else KEPT_SECONDS):
                self._entries.pop(code, None)
