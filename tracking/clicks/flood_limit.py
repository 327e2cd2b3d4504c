"""Floods: more clicks from one address in a minute than people make. They are redirected, and not counted."""

from datetime import datetime
from threading import Lock

_WINDOW_SECONDS = 60
_MAX_ADDRESSES = 100_000


class FloodLimit:
    """Counts by address, in memory alone: a full address is never stored, and is forgotten after a minute."""

    def __init__(self, most: int) -> None:
        self._limit = most
        self._window = 0
        self._counts: dict[str, int] = {}
        self._lock = Lock()

    def count_and_check(self, address: str, at: datetime) -> bool:
        """Count a click from `address`; whether it is past the number allowed in this minute."""
        window = int(at.timestamp()) // _WINDOW_SECONDS
        with self._lock:
            if window != self._window or len(self._counts) > _MAX_ADDRESSES:
                self._window, self._counts = window, {}
            count = self._counts[address] = self._counts.get(address, 0) + 1
        return count > self._limit
