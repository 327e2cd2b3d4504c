"""A spool file: the number of lost clicks, then one line per click in the format of COPY.

It belongs to the process that holds its lock. When the process dies, the kernel releases the lock and has all written
data, so an orphaned file contains every click that its process answered.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_HEADER = b"lost %020d\n"
_HEADER_BYTES = len(_HEADER % 0)
_CHUNK_BYTES = 200_000
SUFFIX = ".clicks"


class SpoolFile:
    """An open file; `size` is in bytes, and `lost` counts clicks that could not be stored anywhere."""

    def __init__(self, path: Path, fd: int, lost: int = 0) -> None:
        self.path, self._fd, self.lost = path, fd, lost
        self.size = _HEADER_BYTES
        self._end = -1

    @classmethod
    def create(cls, folder: Path, owner: str) -> "SpoolFile":
        """Create and lock a file for this process. Raises OSError if it cannot."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{owner}.{os.getpid()}.{secrets.token_hex(8)}{SUFFIX}"
        # Create it under another suffix, so that it does not look orphaned before it is locked.
        hidden = path.with_suffix(".new")
        file = cls(path, os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            fcntl.flock(file._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(file._fd, _HEADER % 0)
            file._end = os.open(hidden, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            hidden.rename(path)
        except OSError:
            file.close()
            hidden.unlink(missing_ok=True)
            raise
        return file

    @classmethod
    def open_orphaned(cls, path: Path) -> "SpoolFile | None":
        """Open and lock the file of a dead process; None if its process is alive or the file is gone."""
        try:
            file = cls(path, os.open(path, os.O_RDWR | os.O_CLOEXEC))
        except OSError:
            return None
        with suppress(OSError, ValueError):
            fcntl.flock(file._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file._fd).st_nlink:
                file.lost = int(os.pread(file._fd, _HEADER_BYTES, 0).split()[1])
                file.size = os.fstat(file._fd).st_size
                return file
        file.close()
        return None

    @property
    def has_content(self) -> bool:
        """Return whether the file has clicks or losses to record."""
        return self.lost > 0 or self.size > _HEADER_BYTES

    def append(self, lines: bytes) -> bool:
        """Append all lines or, if the disk is full, none; return whether they were written."""
        with suppress(OSError):
            if os.write(self._end, lines) == len(lines):
                self.size += len(lines)
                return True
        with suppress(OSError):
            os.ftruncate(self._fd, self.size)
        return False

    def count_lost(self, count: int) -> None:
        """Add to the number of lost clicks. It is in the header, which can be rewritten even if the disk is full."""
        self.lost += count
        with suppress(OSError):
            os.pwrite(self._fd, _HEADER % self.lost, 0)

    def read_chunks(self) -> Iterator[list[bytes]]:
        """Yield the lines in chunks, without an incomplete last line, whose visitor never got a response."""
        # Not by its path, which the process may no longer be allowed to enter.
        with os.fdopen(os.dup(self._fd), "rb") as file:
            file.seek(_HEADER_BYTES)
            while lines := file.readlines(_CHUNK_BYTES):
                if not lines[-1].endswith(b"\n"):
                    lines.pop()
                if lines:
                    yield lines

    def close(self) -> None:
        """Close the file and release its lock; its content stays on disk."""
        for fd in (self._fd, self._end):
            if fd >= 0:
                os.close(fd)
        self._fd = self._end = -1

    def remove(self) -> None:
        """Delete the file, whose content is in the database, or empty it if that is not allowed."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, _HEADER % 0, 0)
        self.close()
