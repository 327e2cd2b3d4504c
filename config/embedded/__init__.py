"""Embedded PostgreSQL and Valkey for a checkout without DATABASE_URL or REDIS_URL: the part for their clients.

Any number of processes may use them. Each holds a shared lock on `lease` as long as it lives, which the kernel releases
even after `kill -9`. The keeper (see __main__.py) holds `keeper.lock` and stops the servers when no process holds the
lease.
"""

import fcntl
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

_leases: dict[Path, int] = {}


def get_urls(folder: Path) -> tuple[str, str]:
    """Return the URLs of PostgreSQL and Valkey, whose files are in `folder`. Start both if they are not running.

    Takes about a millisecond if they are running. Raises RuntimeError if they cannot be started.
    """
    folder = folder.resolve()
    try:
        _hold_lease(folder)
        return _read_addresses(folder) or _start(folder)
    except PermissionError as error:
        raise RuntimeError(f"{folder} belongs to another user ({error}): run as that user, or remove it") from error


def get_database_url(folder: Path) -> str:
    """Return the URL of PostgreSQL, as `get_urls` does."""
    return get_urls(folder)[0]


def get_redis_url(folder: Path) -> str:
    """Return the URL of Valkey, as `get_urls` does."""
    return get_urls(folder)[1]


def open_in_folder(folder: Path, name: str, flags: int = os.O_RDWR) -> int:
    """Open a file in the folder, created if missing. It is private to the folder's owner, even if root opens it."""
    descriptor = os.open(folder / name, flags | os.O_CREAT, 0o600)
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def _make_folder(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o711)
        # The owner of the checkout must be able to use it later, even if root created it.
        if os.geteuid() == 0:
            os.chown(folder, folder.parent.stat().st_uid, folder.parent.stat().st_gid)


def _hold_lease(folder: Path) -> None:
    if folder not in _leases:
        _make_folder(folder)
        descriptor = open_in_folder(folder, "lease")
        # Waits less than a second while a keeper without users stops the servers.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _leases[folder] = descriptor
    # The keeper polls. This tells it about processes that ended between two polls.
    os.utime(_leases[folder])


def _read_addresses(folder: Path) -> tuple[str, str] | None:
    # The lock is checked first: `_start` deletes the file before a keeper can hold the lock, so a file that is read
    # while the lock is held was written by the current keeper.
    if not _is_held(folder, "keeper.lock"):
        return None
    try:
        urls = json.loads((folder / "servers.json").read_text())
    except FileNotFoundError:
        return None
    return urls["database"], urls["redis"]


def _is_held(folder: Path, name: str) -> bool:
    descriptor = open_in_folder(folder, name)
    try:
        # Shared, so that two processes that check at once do not mistake each other for the keeper.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _start(folder: Path) -> tuple[str, str]:
    start_lock = open_in_folder(folder, "start.lock")
    try:
        fcntl.flock(start_lock, fcntl.LOCK_EX)
        if urls := _read_addresses(folder):
            return urls
        (folder / "servers.json").unlink(missing_ok=True)
        # The child inherits the lock, so that others wait for it even if this process is killed. It runs in config/, so
        # that it does not import Celery, and in its own session, so that Ctrl-C does not interrupt it.
        command = [sys.executable, "-m", PACKAGE.name, "start", str(folder), str(start_lock)]
        subprocess.run(
            command,
            cwd=PACKAGE.parent,
            pass_fds=[start_lock],
            stdin=subprocess.DEVNULL,
            stdout=2,
            start_new_session=True,
            check=False,
        )
        urls = _read_addresses(folder)
    finally:
        os.close(start_lock)
    if not urls:
        raise RuntimeError(
            f"The embedded PostgreSQL and Valkey did not start. See the messages above and {folder}/*.log. "
            "Set DATABASE_URL and REDIS_URL to use your own servers."
        )
    return urls
