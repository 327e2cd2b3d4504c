"""The spool: clicks on disk that the database could not take in time, so that even a kill -9 loses none."""

import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from tracking.clicks.spool_file import SUFFIX, SpoolFile

log = logging.getLogger(__name__)


class Spool:
    """The spool file of this process in `folder`. `owner` names the database that the clicks belong to.

    Clicks beyond `max_bytes`, or without a writable folder, are counted as lost.
    """

    def __init__(self, folder: Path, owner: str, max_bytes: int) -> None:
        self._folder, self._owner, self._max_bytes = folder, owner, max_bytes
        self._lock = threading.Lock()
        self._file: SpoolFile | None = None
        # Clicks lost without a file to count them in. A kill loses this count.
        self._lost_without_file = 0
        self._has_warned = False

    def open(self) -> None:
        """Create the file. A forked process does it again, because the old file is its parent's."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._lost_without_file = 0
            self._create_file()

    @property
    def has_content(self) -> bool:
        """Return whether there are clicks or losses to record in the database."""
        return self._lost_without_file > 0 or (self._file is not None and self._file.has_content)

    @property
    def lost(self) -> int:
        """Return the number of lost clicks that are not recorded in the database yet."""
        return self._lost_without_file + (self._file.lost if self._file is not None else 0)

    def write(self, lines: Sequence[bytes]) -> None:
        """Append the clicks, or count them as lost."""
        if not lines:
            return
        text = b"".join(lines)
        with self._lock:
            file = self._file or self._create_file()
            if file is None or file.size + len(text) > self._max_bytes or not file.append(text):
                self._count_lost(len(lines))

    def count_lost(self, count: int) -> None:
        with self._lock:
            self._count_lost(count)

    def take(self) -> SpoolFile | None:
        """Return the current file for draining and start a new one; None if there is nothing to drain."""
        with self._lock:
            taken = self._file
            if taken is None or taken.has_content:
                self._create_file()
            return taken if taken is not None and taken.has_content else None

    def open_orphaned(self) -> Iterator[SpoolFile]:
        """Yield the files of dead processes."""
        for path in sorted(self._folder.glob(f"{self._owner}.*{SUFFIX}")):
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

    def _create_file(self) -> SpoolFile | None:
        try:
            self._file = SpoolFile.create(self._folder, self._owner)
        except OSError as error:
            self._file = None
            if not self._has_warned:
                log.error("Cannot store clicks in %s: %s", self._folder, error)  # noqa: TRY400  (needs no traceback)
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
