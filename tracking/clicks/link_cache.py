"""Links in memory, renewed within seconds, so that a redirect asks no database (PERFORMANCE 2, CONTRACT 4).

Changes made anywhere take effect everywhere within 5 seconds: an entry older than `MAX_AGE_SECONDS` is never served without
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
from tracking.clicks.link_loader import RedirectLink

log = logging.getLogger(__name__)

FRESH_SECONDS = 1.5
MAX_AGE_SECONDS = 3.5
RETENTION_SECONDS = 3600
WAIT_SECONDS = 0.1
_SYNC_SECONDS = 10
_BACK_OFF_SECONDS = 0.2
_MAX_ENTRIES = 200_000
_MAX_BATCH = 500

LoadFunction = Callable[[Collection[str]], Mapping[str, RedirectLink]]
ServedSinceFunction = Callable[[float], Iterable[str]]


class LinkUnavailableError(Exception):
    """The link was not served within the last hour, and the database can't be asked for it."""


class CacheEntry:
    """`link` is None for a code that names none."""

    __slots__ = ("link", "loaded_at", "served_at")

    def __init__(self, link: RedirectLink | None, now: float) -> None:
        self.link, self.loaded_at, self.served_at = link, now, now


class CacheLookup(NamedTuple):
    """What is known: `entry` None for nothing; `pending` is what to wait for first."""

    entry: CacheEntry | None
    pending: Group[str] | None


class LinkCache:
    """`load` reads links by code; `served_since` says which codes any process served in the last so many seconds;
    `close` is called by each of the two threads when it ends: one reads links, for which somebody may wait, the other looks
    around."""

    def __init__(
        self, load: LoadFunction, served_since: ServedSinceFunction, close: Callable[[], None] = lambda: None
    ) -> None:
        self._load, self._served_since, self._close = load, served_since, close
        self._entries: dict[str, CacheEntry] = {}
        self._ready = threading.Condition()
        self._open: Group[str] = Group()
        self._threads: list[threading.Thread] = []
        self._pid = 0
        self._stopping = threading.Event()
        self._synced = threading.Event()
        self.is_healthy = True

    def get(self, code: str) -> RedirectLink | None:
        """The link of `code`, None for none; waits for the database only so long as it answers in time."""
        found = self._find(code)
        if found.pending is not None and not found.pending.wait(WAIT_SECONDS):
            self.is_healthy = False
        return self._finish_lookup(code, found)

    async def get_async(self, code: str) -> RedirectLink | None:
        """As `get`, in an event loop."""
        found = self._find(code)
        if found.pending is not None and not await found.pending.wait_async(WAIT_SECONDS):
            self.is_healthy = False
        return self._finish_lookup(code, found)

    def start(self, seconds: float = 0) -> None:
        """Start the threads of this process, and wait so long at most until it knows what others served lately."""
        with self._ready:
            if self._pid != os.getpid():
                self._pid, self.is_healthy = os.getpid(), True
                self._stopping.clear()
                self._synced.clear()
                names = {"links": self._run, "links of others": self._sync_with_other_processes}
                self._threads = [threading.Thread(target=run, name=name, daemon=True) for name, run in names.items()]
                for thread in self._threads:
                    thread.start()
        self._synced.wait(seconds)

    def stop(self, seconds: float = 2.0) -> None:
        """End the threads: for tests, and for a server that shuts down."""
        with self._ready:
            self._stopping.set()
            self._ready.notify()
        for thread in self._threads:
            thread.join(seconds)

    def _find(self, code: str) -> CacheLookup:
        entry = self._entries.get(code)
        age = time.monotonic() - entry.loaded_at if entry is not None else MAX_AGE_SECONDS
        if age < FRESH_SECONDS:
            return CacheLookup(entry, None)
        group = self._request_refresh([code])
        if not self.is_healthy or (age < MAX_AGE_SECONDS and entry is not None and entry.link is not None):
            return CacheLookup(entry, None)
        return CacheLookup(entry, group)

    def _finish_lookup(self, code: str, found: CacheLookup) -> RedirectLink | None:
        entry = self._entries.get(code) or found.entry
        now = time.monotonic()
        if entry is None or (entry.link is None and now - entry.loaded_at > MAX_AGE_SECONDS):
            raise LinkUnavailableError(code)
        entry.served_at = now
        return entry.link

    def _request_refresh(self, codes: Collection[str]) -> Group[str]:
        if self._pid != os.getpid():
            self.start()
        with self._ready:
            self._open.items.extend(codes)
            self._ready.notify()
            return self._open

    def _run(self) -> None:
        while not self._stopping.is_set():
            group = self._take_group()
            try:
                self._refresh(set(group.items))
                self.is_healthy = True
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever a database can come up with)
                if self.is_healthy:
                    log.warning("links can't be read for the moment: %s", error)
                self.is_healthy = False
            group.complete()
            if not self.is_healthy:
                time.sleep(_BACK_OFF_SECONDS)
        self._close()

    def _take_group(self) -> Group[str]:
        with self._ready:
            if not (self._open.items or self._stopping.is_set()):
                self._ready.wait(_SYNC_SECONDS)
            group, self._open = self._open, Group()
            return group

    def _refresh(self, codes: set[str]) -> None:
        wanted = list(codes)
        for start in range(0, len(wanted), _MAX_BATCH):
            # Taken before the question, so that an entry is never younger than what it says.
            now = time.monotonic()
            some = wanted[start : start + _MAX_BATCH]
            links = self._load(some)
            for code in some:
                self._store(code, links.get(code), now)

    def _store(self, code: str, link: RedirectLink | None, now: float) -> None:
        entry = CacheEntry(link, now)
        before = self._entries.get(code)
        if before is not None:
            entry.served_at = before.served_at
        self._entries[code] = entry

    def _sync_with_other_processes(self) -> None:
        """Again and again learn the links that other processes served, and forget those that nobody asked for."""
        looked = 0.0
        while not self._stopping.is_set():
            now = time.monotonic()
            # Where it fails the other thread says so, and the next look goes further back.
            with suppress(Exception):
                codes = set(
                    self._served_since(min(now - looked + 5, RETENTION_SECONDS) if looked else RETENTION_SECONDS)
                )
                if unknown := codes - self._entries.keys():
                    self._request_refresh(unknown).wait(_SYNC_SECONDS)
                looked = now
            self._synced.set()
            self._evict_expired(now)
            self._stopping.wait(_SYNC_SECONDS if looked == now else 1)
        self._close()

    def _evict_expired(self, now: float) -> None:
        crowded = len(self._entries) > _MAX_ENTRIES
        for code, entry in list(self._entries.items()):
            if now - entry.served_at > (MAX_AGE_SECONDS if entry.link is None or crowded else RETENTION_SECONDS):
                self._entries.pop(code, None)
