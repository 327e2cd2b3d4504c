"""`make run`: web server, click service, worker and beat on one machine, stopped together by Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

import django
from django.core.exceptions import ImproperlyConfigured

from config.embedded.server import die_with_parent

HOST = "127.0.0.1"
READY_SECONDS = 60
STOP_SECONDS = 20
ROLES = {"web": "web", "click service": "click", "worker": "worker", "beat": "beat"}

# The program of the demo's shop, unless the environment names another.
DEMO_PROGRAM_NAME = "Juniper & Pine Affiliates"

Processes = dict[str, subprocess.Popen[bytes]]


class CannotRunError(Exception):
    """A precondition is not met; the text says which."""


class StopRequestedError(Exception):
    """A signal requested a stop."""


def main() -> int:
    """Run everything until a signal arrives or a process ends. Return the exit status."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, request_stop)
    try:
        port = read_port()
        # First, because filling an empty database may take minutes.
        with reserve_port(port), reserve_port(port + 1):
            set_up(port)
            prepare()
            return run(port)
    except CannotRunError as error:
        print(f"make run: {error}", file=sys.stderr)
        return 2
    except StopRequestedError:
        return 0


def request_stop(_signal: int, _frame: FrameType | None) -> None:
    """Handle a signal by raising StopRequestedError."""
    raise StopRequestedError


def read_port() -> int:
    """Return the port from PORT, by default 8000."""
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65535):
        raise CannotRunError(f"PORT must be a number from 1 to 65534, not {text!r}")
    return int(text)


def reserve_port(port: int) -> socket.socket:
    """Return a socket that keeps the port from another `make run`. Raise CannotRunError if it is in use.

    It does not listen, so that it gets no connections. The servers share the port with it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotRunError(
                f"port {port} is not free ({error.strerror}). Set PORT to another port: the web server uses it, "
                "and the click service uses the next one."
            ) from None
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((HOST, port))
    return reserved


def set_up(port: int) -> None:
    """Load the settings, which also starts the embedded servers for the lifetime of this process."""
    os.environ.update(PORT=str(port), WEB_HOST=HOST, WEB_PORT=str(port), CLICK_PORT=str(port + 1))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # A line for each request would push the addresses off the screen.
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    if wants_demo() and not Path(".env").exists():
        os.environ.setdefault("PROGRAM_NAME", DEMO_PROGRAM_NAME)
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise CannotRunError(str(error)) from None


def prepare() -> None:
    """Migrate the database and fill an empty one with the demo."""
    manage("migrate", "--verbosity", "0")
    if wants_demo():
        manage("demo", "--if-empty")


def wants_demo() -> bool:
    """Return whether to create the demo program. DEMO=0 turns it off."""
    return os.environ.get("DEMO", "1") != "0"


def manage(*arguments: str) -> None:
    """Run a management command. Raise CannotRunError if it fails."""
    with start("manage.py", *arguments) as process:
        try:
            status = process.wait()
        except StopRequestedError:
            process.terminate()
            raise
    if status:
        raise CannotRunError(f"manage.py {' '.join(arguments)} ended with status {status}")


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start Python with these arguments as a process that ends when this one does."""
    # In its own session, so that only this process gets the Ctrl-C and then stops the others in order.
    return subprocess.Popen(
        [sys.executable, *arguments],
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- there is only one thread
    )


def run(port: int) -> int:
    """Start all processes, print their URLs, and wait until one ends. All are stopped when this returns."""
    processes: Processes = {}
    try:
        for name, role in ROLES.items():
            processes[name] = start("-m", "config.serve", role)
        ended = wait_until_ready(port, processes)
        if not ended:
            greet(port)
            ended = wait_for_first(processes)
        print(
            f"make run: {ended} ended with status {processes[ended].returncode}; stopping the others", file=sys.stderr
        )
    finally:
        stop_all(processes)
    return 1


def find_ended_process(processes: Processes) -> str:
    """Return the name of a process that has ended, or ""."""
    return next((name for name, process in processes.items() if process.poll() is not None), "")


def wait_until_ready(port: int, processes: Processes) -> str:
    """Wait until web server and click service accept connections. Return the name of a process that ended, or ""."""
    deadline = time.monotonic() + READY_SECONDS
    for expected in (port, port + 1):
        while not is_listening(expected) and time.monotonic() < deadline:
            if ended := find_ended_process(processes):
                return ended
            time.sleep(0.1)
    return ""


def is_listening(port: int) -> bool:
    """Return whether a server listens on the port."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def greet(port: int) -> None:
    """Print the URLs and the logins of the demo."""
    # Not by its IP address, because browsers accept passkeys only for a domain.
    print(f"\nPortal:        http://localhost:{port}/")
    print(f"Admin:         http://localhost:{port}/admin/")
    print(f"Click service: http://localhost:{port + 1}/")
    print(f"Sent e-mails:  http://localhost:{port}/dev/mail/")
    print("Press Ctrl-C to stop.\n", flush=True)
    if wants_demo():
        manage("demo", "--logins")


def wait_for_first(processes: Processes) -> str:
    """Wait until a process ends and return its name."""
    while not (ended := find_ended_process(processes)):
        time.sleep(0.2)
    return ended


def stop_all(processes: Processes) -> None:
    """Stop all processes and their children. Kill those that do not react."""
    with suppress(StopRequestedError):
        for process in processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
    # Also after a second Ctrl-C, and for children of ended processes. A third Ctrl-C must not interrupt this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for process in processes.values():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
