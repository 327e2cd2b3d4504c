"""Clicks in the memory of this process, for as long as neither the database nor the disk takes them."""

import secrets
from collections.abc import Iterator, Sequence
from pathlib import PurePath

_CHUNK_LINES = 1_000


class SpoolMemory:
    """Drained like a spool file. It ends with the process, so it is the last resort.

    `path` has the name under which its losses are recorded.
    """

    def __init__(self, owner: str, max_bytes: int) -> None:
        self.path = PurePath(f"{owner}.{secrets.token_hex(8)}.memory")
        self.lost = 0
        self._lines: list[bytes] = []
        self._size, self._max_bytes = 0, max_bytes

    @property
    def has_content(self) -> bool:
        """Return whether there are clicks or losses to record."""
        return self.lost > 0 or bool(self._lines)

    def append(self, lines: Sequence[bytes]) -> None:
        """Keep the clicks, or count those for which there is no space as lost."""
        for line in lines:
            if self._size + len(line) > self._max_bytes:
                self.count_lost(1)
            else:
                self._lines.append(line)
                self._size += len(line)

    def count_lost(self, count: int) -> None:
        self.lost += count

    def read_chunks(self) -> Iterator[list[bytes]]:
        """Yield the clicks in chunks."""
        for start in range(0, len(self._lines), _CHUNK_LINES):
            yield self._lines[start : start + _CHUNK_LINES]

    def close(self) -> None:
        """Keep the content, which was not recorded."""

    def remove(self) -> None:
        """Forget the content, which is in the database."""
        self._lines, self._size, self.lost = [], 0, 0

    def count_clicks(self) -> int:
        """Return how many clicks are lost if the process ends."""
        return len(self._lines) + self.lost
