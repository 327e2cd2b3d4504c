"""The spool: clicks on disk that the database could not take in time, so that even a kill -9 loses none."""

import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from tracking.clicks.spool_file import SUFFIX, SpoolFile
from tracking.clicks.spool_memory import SpoolMemory

# For clicks that the disk does not take.
MEMORY_BYTES = 16 * 2**20

log = logging.getLogger(__name__)


class Spool:
    """The spool file of this process in `folder`. `owner` names the database that the clicks belong to.

    Clicks that the disk does not take wait in memory. Those beyond `max_bytes` or MEMORY_BYTES are counted as lost.
    """

    def __init__(self, folder: Path, owner: str, max_bytes: int) -> None:
        self._folder, self._owner, self._max_bytes = folder, owner, max_bytes
        self._lock = threading.Lock()
        self._file: SpoolFile | None = None
        self._memory = SpoolMemory(owner, MEMORY_BYTES)
        # Memory that is being recorded, until that has succeeded.
        self._taken_memory: SpoolMemory | None = None
        self._has_warned = False

    def open(self) -> None:
        """Create the file. A forked process does it again, because the old file and the memory are its parent's."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._memory, self._taken_memory = SpoolMemory(self._owner, MEMORY_BYTES), None
            self._create_file()

    @property
    def has_content(self) -> bool:
        """Return whether there are clicks or losses to record in the database."""
        return any(store.has_content for store in self._list_stores())

    @property
    def lost(self) -> int:
        """Return the number of lost clicks that are not recorded in the database yet."""
        return sum(store.lost for store in self._list_stores())

    def write(self, lines: Sequence[bytes]) -> None:
        """Append the clicks, or count them as lost."""
        if not lines:
            return
        text = b"".join(lines)
        with self._lock:
            file = self._file or self._create_file()
            if file is not None and file.size + len(text) > self._max_bytes:
                file.count_lost(len(lines))
            elif file is None or not file.append(text):
                self._memory.append(lines)

    def count_lost(self, count: int) -> None:
        """Count clicks that can be stored nowhere."""
        with self._lock:
            (self._file or self._memory).count_lost(count)

    def take(self) -> list[SpoolFile | SpoolMemory]:
        """Return what is to be drained, and collect further clicks elsewhere."""
        with self._lock:
            taken: list[SpoolFile | SpoolMemory] = []
            file = self._file
            if file is None or file.has_content:
                self._create_file()
            if file is not None and file.has_content:
                taken.append(file)
            if self._taken_memory is None or not self._taken_memory.has_content:
                self._taken_memory, self._memory = self._memory, SpoolMemory(self._owner, MEMORY_BYTES)
            if self._taken_memory.has_content:
                taken.append(self._taken_memory)
            return taken

    def open_orphaned(self) -> Iterator[SpoolFile]:
        """Yield the files of dead processes; none if the folder cannot be entered."""
        try:
            paths = sorted(self._folder.glob(f"{self._owner}.*{SUFFIX}"))
        except OSError as error:
            self._warn(error)
            return
        for path in paths:
            file = SpoolFile.open_orphaned(path)
            if file is not None:
                yield file

    def close(self) -> None:
        """Close the file; delete it if it has nothing that the database lacks."""
        with self._lock:
            if self._file is not None and self._file.has_content:
                self._file.close()
            elif self._file is not None:
                self._file.remove()
            self._file = None
            lost = sum(memory.count_clicks() for memory in (self._memory, self._taken_memory) if memory is not None)
            if lost:
                log.error("%d clicks are lost: neither the database nor %s took them", lost, self._folder)

    def _list_stores(self) -> list[SpoolFile | SpoolMemory]:
        return [store for store in (self._file, self._memory, self._taken_memory) if store is not None]

    def _create_file(self) -> SpoolFile | None:
        try:
            self._file = SpoolFile.create(self._folder, self._owner)
        except OSError as error:
            self._file = None
            self._warn(error)
        else:
            self._has_warned = False
        return self._file

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            log.error("Cannot store clicks in %s, so they wait in memory: %s", self._folder, error)
        self._has_warned = True
