"""pgbouncer in transaction mode, as docs/scaling.md configures it, for tests and `make scale`."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from config.embedded.place import Place
from tests.free_ports import find_free_port

PROGRAM = shutil.which("pgbouncer", path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin")
POOL_SIZE = 20
OPTIONS = {
    "pool_mode": "transaction",
    "max_client_conn": 1000,
    # A primary that is replaced is tried again at once.
    "server_login_retry": 1,
    "query_wait_timeout": 20,
}


class Server(NamedTuple):
    """A PostgreSQL server on this machine and the database that clients of the pooler get."""

    port: int
    database: str


class Pooler:
    """A running pgbouncer. `servers` maps the names that clients connect to."""

    def __init__(self, folder: Path, user: str, password: str, pool_size: int) -> None:
        self.folder, self.user, self.password, self.pool_size = folder, user, password, pool_size
        self.port = find_free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, servers: Mapping[str, Server]) -> None:
        assert PROGRAM, "pgbouncer is not installed"
        (self.folder / "users.txt").write_text(f'"{self.user}" "{self.password}"\n')
        self._write_configuration(servers)
        # pgbouncer refuses to run as root.
        credentials = Place.for_folder(self.folder).credentials
        with (self.folder / "pgbouncer.log").open("wb") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-q", str(self.folder / "pgbouncer.ini")], stdout=log, stderr=log, **credentials
            )
        self._wait()

    def route(self, servers: Mapping[str, Server]) -> None:
        """Send clients to other servers from now on."""
        self._write_configuration(servers)
        assert self._process
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def get_url(self, name: str) -> str:
        return f"postgres://{self.user}:{self.password}@127.0.0.1:{self.port}/{name}"

    def _write_configuration(self, servers: Mapping[str, Server]) -> None:
        lines = [f"{name} = host=127.0.0.1 port={port} dbname={database}" for name, (port, database) in servers.items()]
        options: dict[str, Any] = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": self.folder / "users.txt",
            "admin_users": self.user,
            "default_pool_size": self.pool_size,
            **OPTIONS,
        }
        settings = [f"{name} = {value}" for name, value in options.items()]
        text = "\n".join(["[databases]", *lines, "[pgbouncer]", *settings, ""])
        (self.folder / "pgbouncer.ini").write_text(text)

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        raise AssertionError((self.folder / "pgbouncer.log").read_text())


@contextmanager
def run_pooler(
    folder: Path, servers: Mapping[str, Server], *, user: str, password: str, pool_size: int = POOL_SIZE
) -> Iterator[Pooler]:
    """Run pgbouncer with its files in `folder`."""
    folder.mkdir(exist_ok=True)
    pooler = Pooler(folder, user, password, pool_size)
    try:
        pooler.start(servers)
        yield pooler
    finally:
        pooler.stop()
