"""Flood limit: clicks from one IP address beyond a number per minute are redirected but not counted."""

from datetime import datetime
from threading import Lock

_WINDOW_SECONDS = 60
_MAX_ADDRESSES = 100_000


class FloodLimit:
    """Counts clicks by address, in memory only, because full addresses must not be stored. Starts over every minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._window = 0
        self._counts: dict[str, int] = {}
        self._lock = Lock()

    def count_and_check(self, address: str, at: datetime) -> bool:
        """Count a click from `address`, and return whether it exceeds the limit of this minute."""
        window = int(at.timestamp()) // _WINDOW_SECONDS
        with self._lock:
            if window != self._window or len(self._counts) > _MAX_ADDRESSES:
                self._window, self._counts = window, {}
            count = self._counts[address] = self._counts.get(address, 0) + 1
        return count > self._limit
