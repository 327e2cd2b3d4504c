"""An in-process cache of links, refreshed within seconds, so that most redirects need no query (specification 4).

A change takes effect in every process within 5 seconds: an entry older than `MAX_AGE_SECONDS` is refreshed before it is
served. While the database is unavailable, links served within the last hour continue to work. A code that is not in the
cache waits for the database, so that the first visit of a new link is not refused only because the machine is busy.
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
# How often a visit waits that long for a code that is not in the cache.
UNKNOWN_WAITS = 10
_SYNC_SECONDS = 10
_BACK_OFF_SECONDS = 0.2
_MAX_ENTRIES = 200_000
_MAX_BATCH = 500

LoadFunction = Callable[[Collection[str]], Mapping[str, RedirectLink]]
ServedSinceFunction = Callable[[float], Iterable[str]]


class LinkUnavailableError(Exception):
    """The link was not served within the last hour, and the database is unavailable."""


class CacheEntry:
    """A cached link; `link` is None if no link has the code."""

    __slots__ = ("link", "loaded_at", "served_at")

    def __init__(self, link: RedirectLink | None, now: float) -> None:
        self.link, self.loaded_at, self.served_at = link, now, now


class CacheLookup(NamedTuple):
    """The cached entry, if any, the refresh that it needs, if any, and how often to wait for that."""

    entry: CacheEntry | None
    pending: Group[str] | None = None
    waits: int = 0


class LinkCache:
    """Has two threads: one loads links, and one learns from the clicks which links other processes served.

    `load` reads links by code. `served_since` returns the codes that any process served in the last given seconds. Each
    thread calls `close` when it ends.
    """

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
        # Whether loads end in time, and whether a code that is not in the cache is worth waiting for.
        self.is_healthy = self._is_answering = True

    def get(self, code: str) -> RedirectLink | None:
        """Return the link of `code`, or None if there is none. Does not wait for the database while it is slow.

        Raises LinkUnavailableError.
        """
        lookup = self._find(code)
        while lookup.pending is not None and lookup.waits and not lookup.pending.wait(WAIT_SECONDS):
            lookup = self._note_timeout(lookup)
        return self._finish_lookup(code, lookup)

    async def get_async(self, code: str) -> RedirectLink | None:
        """Do the same as `get` in an event loop."""
        lookup = self._find(code)
        while lookup.pending is not None and lookup.waits and not await lookup.pending.wait_async(WAIT_SECONDS):
            lookup = self._note_timeout(lookup)
        return self._finish_lookup(code, lookup)

    def start(self, seconds: float = 0) -> None:
        """Start the threads of this process, and wait at most `seconds` for the links that others served recently."""
        with self._ready:
            if self._pid != os.getpid():
                self._pid, self.is_healthy, self._is_answering = os.getpid(), True, True
                self._stopping.clear()
                self._synced.clear()
                names = {"links": self._run, "link sync": self._sync_with_other_processes}
                self._threads = [threading.Thread(target=run, name=name, daemon=True) for name, run in names.items()]
                for thread in self._threads:
                    thread.start()
        self._synced.wait(seconds)

    def stop(self, seconds: float = 2.0) -> None:
        """Stop the threads when the server shuts down, or in tests."""
        with self._ready:
            self._stopping.set()
            self._ready.notify()
        for thread in self._threads:
            thread.join(seconds)

    def _find(self, code: str) -> CacheLookup:
        entry = self._entries.get(code)
        age = time.monotonic() - entry.loaded_at if entry is not None else MAX_AGE_SECONDS
        if age < FRESH_SECONDS:
            return CacheLookup(entry)
        group = self._request_refresh([code])
        if entry is None or entry.link is None:
            return CacheLookup(entry, group, UNKNOWN_WAITS if self._is_answering else 0)
        return CacheLookup(entry, group, 1 if self.is_healthy and age >= MAX_AGE_SECONDS else 0)

    def _note_timeout(self, lookup: CacheLookup) -> CacheLookup:
        """Note that the database is slow. After the last wait for an unknown code, no other waits until it answers."""
        self.is_healthy = False
        if lookup.waits == 1 and (lookup.entry is None or lookup.entry.link is None):
            self._is_answering = False
        return lookup._replace(waits=lookup.waits - 1 if self._is_answering else 0)

    def _finish_lookup(self, code: str, lookup: CacheLookup) -> RedirectLink | None:
        entry = self._entries.get(code) or lookup.entry
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
                self.is_healthy = self._is_answering = True
            except Exception as error:  # noqa: BLE001  (this thread must survive every database error)
                if self.is_healthy:
                    log.warning("Links cannot be loaded at the moment: %s", error)
                self.is_healthy = self._is_answering = False
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
            # Read the clock before the query, so that an entry never looks newer than its content.
            now = time.monotonic()
            batch = wanted[start : start + _MAX_BATCH]
            links = self._load(batch)
            for code in batch:
                self._store(code, links.get(code), now)

    def _store(self, code: str, link: RedirectLink | None, now: float) -> None:
        entry = CacheEntry(link, now)
        previous = self._entries.get(code)
        if previous is not None:
            entry.served_at = previous.served_at
        self._entries[code] = entry

    def _sync_with_other_processes(self) -> None:
        """Load the links that other processes serve, and evict those that are no longer used, until stopped."""
        synced_at = 0.0
        while not self._stopping.is_set():
            now = time.monotonic()
            # On failure the other thread logs, and the next round looks further back.
            with suppress(Exception):
                seconds = min(now - synced_at + 5, RETENTION_SECONDS) if synced_at else RETENTION_SECONDS
                codes = set(self._served_since(seconds))
                if unknown := codes - self._entries.keys():
                    self._request_refresh(unknown).wait(_SYNC_SECONDS)
                synced_at = now
            self._synced.set()
            self._evict_expired(now)
            self._stopping.wait(_SYNC_SECONDS if synced_at == now else 1)
        self._close()

    def _evict_expired(self, now: float) -> None:
        is_crowded = len(self._entries) > _MAX_ENTRIES
        for code, entry in list(self._entries.items()):
            if now - entry.served_at > (MAX_AGE_SECONDS if entry.link is None or is_crowded else RETENTION_SECONDS):
                self._entries.pop(code, None)
