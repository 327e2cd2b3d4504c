"""Where clicks wait that the database could not take in time: on disk, so that a kill -9 loses none (PERFORMANCE 2)."""

import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from tracking.clicks.spool_file import SUFFIX, SpoolFile

log = logging.getLogger(__name__)


class Spool:
    """The file of this process in `folder`; `owner` names the database, so that no other gets its clicks.

    A click that finds no room, or no folder, is counted as lost.
    """

    def __init__(self, folder: Path, owner: str, max_bytes: int) -> None:
        self._folder, self._owner, self._max_bytes = folder, owner, max_bytes
        self._lock = threading.Lock()
        self._file: SpoolFile | None = None
        # What no file can tell of; a kill loses this count.
        self._lost_without_file = 0
        self._has_warned = False

    def open(self) -> None:
        """Make the file; again in a process that was forked, because the old one is its parent's."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._lost_without_file = 0
            self._make()

    @property
    def has_content(self) -> bool:
        """Whether the database has to be told of anything."""
        return self._lost_without_file > 0 or (self._file is not None and self._file.has_content)

    @property
    def lost(self) -> int:
        """How many clicks are lost for good and not yet noted in the database."""
        return self._lost_without_file + (self._file.lost if self._file is not None else 0)

    def write(self, lines: Sequence[bytes]) -> None:
        """Write the clicks down, or count them as lost."""
        if not lines:
            return
        text = b"".join(lines)
        with self._lock:
            file = self._file or self._make()
            if file is None or file.size + len(text) > self._max_bytes or not file.append(text):
                self._count_lost(len(lines))

    def count_lost(self, count: int) -> None:
        """Count clicks as lost."""
        with self._lock:
            self._count_lost(count)

    def take(self) -> SpoolFile | None:
        """What was written so far, to be drained, while a new file takes what comes; None where there is nothing."""
        with self._lock:
            taken = self._file
            if taken is None or taken.has_content:
                self._make()
            return taken if taken is not None and taken.has_content else None

    def open_orphaned(self) -> Iterator[SpoolFile]:
        """The files of processes that are no more."""
        for path in sorted(self._folder.glob(f"{self._owner}.*{SUFFIX}")):
            found = SpoolFile.open_orphaned(path)
            if found is not None:
                yield found

    def close(self) -> None:
        """Let go of the file; it is left behind for others unless all that is in it is in the database."""
        with self._lock:
            if self._file is not None and self._file.has_content:
                self._file.close()
            elif self._file is not None:
                self._file.remove()
            self._file = None

    def _make(self) -> SpoolFile | None:
        try:
            self._file = SpoolFile.create(self._folder, self._owner)
        except OSError as error:
            self._file = None
            if not self._has_warned:
                log.error("no clicks can be kept in %s: %s", self._folder, error)  # noqa: TRY400  (one line says it all)
            self._has_warned = True
        else:
            self._file.count_lost(self._lost_without_file)
            self._lost_without_file, self._has_warned = 0, False
        return self._file

    def _count_lost(self, count: int) -> None:
        if self._file is not None:
            self._file.count_lost(count)
        else:
            self._lost_without_file += count
