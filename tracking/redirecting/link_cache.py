"""Links in memory, renewed within seconds, so that a redirect asks no database (PERFORMANCE 2, CONTRACT 4).

Changes made anywhere take effect everywhere within 5 seconds: an entry older than `OLD_SECONDS` is never served without
having been asked for again, unless the database is away. Then whatever was served within the last hour goes on.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from tracking.redirecting.gathering import Group
from tracking.redirecting.known_links import KnownLink

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
    `close` is called by the thread when it ends."""

    def __init__(self, load: Load, served_since: ServedSince, close: Callable[[], None] = lambda: None) -> None:
        self._load, self._served_since, self._close = load, served_since, close
        self._entries: dict[str, Entry] = {}
        self._ready = threading.Condition()
        self._open: Group[str] = Group()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._stopping = False
        self._looked_around = 0.0
        self._tried = threading.Event()
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
        """Start the thread of this process, and wait so long at most until it knows what others served lately."""
        with self._ready:
            if self._pid != os.getpid():
                self._pid, self._stopping, self.well, self._looked_around = os.getpid(), False, True, 0.0
                self._tried.clear()
                self._thread = threading.Thread(target=self._run, name="links", daemon=True)
                self._thread.start()
        self._tried.wait(seconds)

    def stop(self, seconds: float = 2.0) -> None:
        """End the thread: for tests, and for a server that shuts down."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join(seconds)

    def _find(self, code: str) -> Found:
        entry = self._entries.get(code)
        age = time.monotonic() - entry.loaded if entry is not None else OLD_SECONDS
        if age < FRESH_SECONDS:
            return Found(entry, None)
        group = self._ask(code)
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

    def _ask(self, code: str) -> Group[str]:
        if self._pid != os.getpid():
            self.start()
        with self._ready:
            self._open.items.append(code)
            self._ready.notify()
            return self._open

    def _run(self) -> None:
        while not self._stopping:
            group = self._next()
            try:
                self._renew(set(group.items))
                self.well = True
                group.settle()
                self._look_around()
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever a database can come up with)
                if self.well:
                    log.warning("links can't be read for the moment: %s", error)
                self.well = False
                group.settle()
                time.sleep(_BACK_OFF_SECONDS)
            self._tried.set()
        self._close()

    def _next(self) -> Group[str]:
        with self._ready:
            if not (self._open.items or self._stopping or not self._looked_around):
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
        """Now and then: learn the links that other processes served, forget those that nobody asked for."""
        now = time.monotonic()
        if now - self._looked_around < _LOOK_AROUND_SECONDS:
            return
        seconds = min(now - self._looked_around + 5, KEPT_SECONDS) if self._looked_around else KEPT_SECONDS
        self._renew(set(self._served_since(seconds)) - self._entries.keys())
        self._looked_around = now
        crowded = len(self._entries) > _MOST_ENTRIES
        for code, entry in list(self._entries.items()):
            if now - entry.served > (OLD_SECONDS if entry.link is None or crowded else KEPT_SECONDS):
                del self._entries[code]
