"""Starting and stopping of an embedded server."""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

from . import open_in_folder
from .place import CannotStartError, Place, hash_path

START_SECONDS = 120
STOP_SECONDS = 30
PR_SET_PDEATHSIG = 1
# Locale and PG* variables of the user must not affect the servers.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


class Server(ABC):
    """A server process, its data, and a lock file that the process holds while it lives."""

    name: str
    title: str
    pid_file: str
    stop_signal: signal.Signals
    first_port: int

    def __init__(self, place: Place) -> None:
        self.place = place
        self.data = place.home / self.name
        self.process: subprocess.Popen[bytes] | None = None
        # Stable for a checkout, and outside of the range that systems use for outgoing connections.
        self.port = self.first_port + int(hash_path(place.folder)[:8], 16) % 4_000

    @abstractmethod
    def make_data(self) -> None:
        """Create the data folder if it does not exist."""

    @abstractmethod
    def build_command(self) -> list[str]:
        """Return the command line."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether the server accepts connections."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the URL for clients."""

    def build_configuration(self) -> bytes:
        """Return the configuration that the server reads from standard input."""
        return b""

    def start(self) -> None:
        """Start the server and return when it is ready. Raises CannotStartError."""
        lock = self._claim()
        try:
            self.make_data()
            # Its server is dead, because the lock was free; the process id may have been reused.
            (self.data / self.pid_file).unlink(missing_ok=True)
            self.port = find_free_port(self.port)
            self._launch(lock)
        finally:
            os.close(lock)
        self._wait_until_ready()

    def has_ended(self) -> bool:
        """Return whether the server process is not running."""
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        """Stop the server. Kill it if it does not react."""
        if self.process is None or self.has_ended():
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def end_stray(self) -> None:
        """Stop a server on this data whose keeper has died."""
        os.close(self._claim())

    def _claim(self) -> int:
        lock = open_in_folder(self.place.home, f"{self.name}.lock")
        deadline = time.monotonic() + STOP_SECONDS
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            if time.monotonic() > deadline:
                raise CannotStartError(
                    f"a {self.title} on {self.data} was started elsewhere and does not stop: please stop it"
                )
            with suppress(FileNotFoundError, ValueError, IndexError, ProcessLookupError):
                os.kill(int((self.data / self.pid_file).read_text().splitlines()[0]), self.stop_signal)
            time.sleep(0.1)

    def _launch(self, lock: int) -> None:
        log = open_in_folder(self.place.folder, f"{self.name}.log", os.O_WRONLY | os.O_APPEND)
        try:
            self.process = subprocess.Popen(
                self.build_command(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.data,
                env=ENVIRONMENT,
                pass_fds=[lock],
                preexec_fn=die_with_parent(self.stop_signal),  # noqa: PLW1509 -- there is only one thread
                **self.place.credentials,
            )
        finally:
            os.close(log)
        assert self.process.stdin
        with suppress(BrokenPipeError), self.process.stdin as stdin:
            stdin.write(self.build_configuration())

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.has_ended() or time.monotonic() > deadline:
                self.stop()
                raise CannotStartError(f"{self.title} did not start; the end of its log:\n{self._read_log_end()}")
            time.sleep(0.02)

    def _read_log_end(self) -> str:
        text = (self.place.folder / f"{self.name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-10:])


def find_free_port(wanted: int) -> int:
    """Return the first free port from `wanted` on."""
    for port in range(wanted, wanted + 1_000):
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise CannotStartError(f"no port from {wanted} on is free")


def die_with_parent(sign: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` that makes Linux send `sign` to the child when this process dies."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def set_death_signal() -> None:
        if prctl:
            prctl(PR_SET_PDEATHSIG, int(sign))

    return set_death_signal
