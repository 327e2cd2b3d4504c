"""PostgreSQL and Valkey for a checkout that was given neither: what the processes that use them need to know.

Any number of processes may ask at once. Each holds a shared lock on `lease` for as long as it lives, which the kernel
releases even after a `kill -9`; the keeper (see __main__.py) holds `keeper.lock`, and stops the servers when
nobody holds the lease any more.
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
    """Return the addresses of the database and of Redis, whose files lie in `folder`; start both if they don't run.

    Costs about a millisecond when they run. Refuses with a RuntimeError when they can't be started.
    """
    folder = folder.resolve()
    try:
        _hold_lease(folder)
        return _read_addresses(folder) or _start(folder)
    except PermissionError as error:
        raise RuntimeError(f"{folder} is another user's ({error}): be that user, or remove it") from error


def get_database_url(folder: Path) -> str:
    """Return the database's address; everything else as `get_urls`."""
    return get_urls(folder)[0]


def get_redis_url(folder: Path) -> str:
    """Return the address of Redis; everything else as `get_urls`."""
    return get_urls(folder)[1]


def open_in_folder(folder: Path, name: str, flags: int = os.O_RDWR) -> int:
    """Open a file of the folder, made if missing, for its owner alone, who is the folder's owner even if root opens it."""
    descriptor = os.open(folder / name, flags | os.O_CREAT, 0o600)
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def _make_folder(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o711)
        # Whoever owns the checkout must be able to use it later, even if root was the first.
        if os.geteuid() == 0:
            os.chown(folder, folder.parent.stat().st_uid, folder.parent.stat().st_gid)


def _hold_lease(folder: Path) -> None:
    if folder not in _leases:
        _make_folder(folder)
        descriptor = open_in_folder(folder, "lease")
        # Waits while the keeper, which found nobody, stops the servers: less than a second.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _leases[folder] = descriptor
    # The keeper looks now and then: this tells it of a process that came and went between two looks.
    os.utime(_leases[folder])


def _read_addresses(folder: Path) -> tuple[str, str] | None:
    # The lock first: `_start` takes the file away before a keeper can hold the lock, so that what is read below a
    # held lock was written by the keeper that holds it.
    if not _is_held(folder, "keeper.lock"):
        return None
    try:
        said = json.loads((folder / "servers.json").read_text())
    except FileNotFoundError:
        return None
    return said["database"], said["redis"]


def _is_held(folder: Path, name: str) -> bool:
    descriptor = open_in_folder(folder, name)
    try:
        # Shared, so that two who ask at once don't take each other for the keeper.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _start(folder: Path) -> tuple[str, str]:
    turn = open_in_folder(folder, "start.lock")
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if found := _read_addresses(folder):
            return found
        (folder / "servers.json").unlink(missing_ok=True)
        # The starter inherits our turn: if we are killed meanwhile, the next one in the queue waits for it all the same.
        # From inside config/, so that the keeper doesn't import Celery with it.
        # A session of its own, so that a Ctrl-C meant for us doesn't stop it half way.
        command = [sys.executable, "-m", PACKAGE.name, "start", str(folder), str(turn)]
        subprocess.run(
            command,
            cwd=PACKAGE.parent,
            pass_fds=[turn],
            stdin=subprocess.DEVNULL,
            stdout=2,
            start_new_session=True,
            check=False,
        )
        found = _read_addresses(folder)
    finally:
        os.close(turn)
    if not found:
        raise RuntimeError(
            f"The embedded PostgreSQL and Valkey did not start: the reason is above and in {folder}/*.log. "
            "Set DATABASE_URL and REDIS_URL to use your own."
        )
    return found
