"""One file of clicks that wait for the database: a count of those lost, then a line a click as COPY reads it.

It belongs to the process that holds its lock. The kernel lets go of that when the process dies, however it dies, and
what was written is the kernel's by then: so a file without an owner has all that its process has answered.
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
    """`size` is in bytes; `lost` counts clicks that are in no file and no database."""

    def __init__(self, path: Path, fd: int, lost: int = 0) -> None:
        self.path, self._fd, self.lost = path, fd, lost
        self.size = _HEADER_BYTES
        self._end = -1

    @classmethod
    def create(cls, folder: Path, owner: str) -> "SpoolFile":
        """A new file of this process's own; OSError where there can be none."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{owner}.{os.getpid()}.{secrets.token_hex(8)}{SUFFIX}"
        # Made under a name that nobody looks for, so that nobody takes it for one left behind before it is locked.
        hidden = path.with_suffix(".new")
        made = cls(path, os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            fcntl.flock(made._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(made._fd, _HEADER % 0)
            made._end = os.open(hidden, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            hidden.rename(path)
        except OSError:
            made.close()
            hidden.unlink(missing_ok=True)
            raise
        return made

    @classmethod
    def open_orphaned(cls, path: Path) -> "SpoolFile | None":
        """The file of a process that is no more; None where its process lives, or where it is gone already."""
        try:
            found = cls(path, os.open(path, os.O_RDWR | os.O_CLOEXEC))
        except OSError:
            return None
        with suppress(OSError, ValueError):
            fcntl.flock(found._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(found._fd).st_nlink:
                found.lost = int(os.pread(found._fd, _HEADER_BYTES, 0).split()[1])
                found.size = os.fstat(found._fd).st_size
                return found
        found.close()
        return None

    @property
    def has_content(self) -> bool:
        """Whether there is anything in it to tell the database."""
        return self.lost > 0 or self.size > _HEADER_BYTES

    def append(self, lines: bytes) -> bool:
        """Whether the lines were written, in one piece; where the disk is full none of them is."""
        with suppress(OSError):
            if os.write(self._end, lines) == len(lines):
                self.size += len(lines)
                return True
        with suppress(OSError):
            os.ftruncate(self._fd, self.size)
        return False

    def count_lost(self, count: int) -> None:
        """Count clicks as lost; the room for it was taken when the file was made, so that a full disk can't refuse it."""
        self.lost += count
        with suppress(OSError):
            os.pwrite(self._fd, _HEADER % self.lost, 0)

    def read_chunks(self) -> Iterator[list[bytes]]:
        """The lines, some at a time; not a last one that was cut off: its visitor never had an answer."""
        with self.path.open("rb") as file:
            file.seek(_HEADER_BYTES)
            while lines := file.readlines(_CHUNK_BYTES):
                if not lines[-1].endswith(b"\n"):
                    lines.pop()
                if lines:
                    yield lines

    def close(self) -> None:
        """Let go of it; what is in it stays for whoever comes."""
        for fd in (self._fd, self._end):
            if fd >= 0:
                os.close(fd)
        self._fd = self._end = -1

    def remove(self) -> None:
        """Delete it, because all that is in it is in the database."""
        self.path.unlink(missing_ok=True)
        self.close()
