"""How many downloads a process sends at once: each occupies a thread to its end, and pages need threads, too."""

import threading
import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from django.conf import settings

# One thread in that many may send downloads of a kind.
DIVISOR = 4
# One owner may have one in that many of these.
OWNER_DIVISOR = 4
RETRY_SECONDS = 10


class TooManyDownloads(Exception):
    """As many downloads are being sent as this process may send at once, or as this owner may have."""


class DownloadPlaces:
    """The places for downloads of one kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[Hashable] = Counter()

    def take(self, owner: Hashable = None) -> Callable[[], None]:
        """Take a place and return what gives it back, to be called once. Raises TooManyDownloads."""
        limit = max(1, settings.WEB_THREADS // DIVISOR)
        limits = {None: limit} if owner is None else {None: limit, owner: max(1, limit // OWNER_DIVISOR)}
        with self._lock:
            if any(self._taken[key] >= most for key, most in limits.items()):
                raise TooManyDownloads
            self._taken.update(limits.keys())

        def give_back() -> None:
            with self._lock:
                self._taken.subtract(limits.keys())
                self._taken += Counter()  # drops the counts of 0

        return give_back


Row = TypeVar("Row")


class HeldRows(Generic[Row]):
    """Rows that hold a place until they are closed or dropped, also if none was read."""

    def __init__(self, rows: Iterable[Row], give_back: Callable[[], None]) -> None:
        self._rows = rows
        self._give_back = weakref.finalize(self, give_back)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def close(self) -> None:
        if close := getattr(self._rows, "close", None):
            close()
        self._give_back()
