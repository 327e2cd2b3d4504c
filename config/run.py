"""Run all of Accord on one machine for `make run`: web, click service, worker and beat, stopped by one Ctrl-C."""

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
SCHEDULE = Path(".local", "celerybeat-schedule")

Processes = dict[str, subprocess.Popen[bytes]]


class CannotRunError(Exception):
    """A problem found before any process was started, described by the message."""


class StopRequestedError(Exception):
    """A signal requested a stop."""


def main() -> int:
    """Run all processes until a signal arrives or the first of them ends; return the exit status."""
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, request_stop)
    try:
        port = read_port()
        # Before filling an empty database, which can take minutes.
        check_port_is_free(port)
        check_port_is_free(port + 1)
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
    """Return the port from the environment variable PORT, 8000 if unset; raise CannotRunError if it is invalid."""
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65535):
        raise CannotRunError(f"PORT must be a number from 1 to 65534, not {text!r}")
    return int(text)


def check_port_is_free(port: int) -> None:
    """Raise CannotRunError if another program uses the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotRunError(
                f"port {port} is not available ({error.strerror}). Set PORT to another one: the web server uses it, "
                "the click service uses the next one."
            ) from None


def set_up(port: int) -> None:
    """Read the settings, which also starts the embedded servers for the lifetime of this process."""
    os.environ["PORT"] = str(port)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
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
    """Return whether to build the demo program; DEMO=0 disables it."""
    return os.environ.get("DEMO", "1") != "0"


def manage(*arguments: str) -> None:
    """Run a command of manage.py; raise CannotRunError if it fails."""
    with start("manage.py", *arguments) as process:
        try:
            status = process.wait()
        except StopRequestedError:
            process.terminate()
            raise
    if status:
        raise CannotRunError(f"manage.py {' '.join(arguments)} ended with status {status}")


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start Python with these arguments in a process that does not outlive this one."""
    # In its own session: only this process receives Ctrl-C, and then terminates the others.
    return subprocess.Popen(
        [sys.executable, *arguments],
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- this process has one thread
    )


def run(port: int) -> int:
    """Start all processes, print their addresses and wait for the first to end; stop all of them before returning."""
    processes: Processes = {}
    try:
        for name, arguments in list_programs(port).items():
            processes[name] = start(*arguments)
        ended = wait_until_ready(port, processes)
        if not ended:
            print_addresses(port)
            ended = wait_for_first(processes)
        status = processes[ended].returncode
        print(f"make run: {ended} ended with status {status}; stopping the others", file=sys.stderr)
    finally:
        stop_all(processes)
    return 1


def list_programs(port: int) -> dict[str, list[str]]:
    """Return the Python arguments of each process by its display name."""
    SCHEDULE.parent.mkdir(exist_ok=True)
    granian = ["-m", "granian", "--host", HOST, "--log-level", "warning"]
    # Running as root on a local machine is deliberate: silence Celery's warning.
    celery = ["-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "--app", "config"]
    # One process with many threads: threads that wait for their click to be written share a commit.
    wsgi = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", "64"]
    return {
        "web": [*granian, *wsgi, "--port", str(port), "config.wsgi:application"],
        "click service": [*granian, "--interface", "asgi", "--port", str(port + 1), "tracking.clicks.redirect:asgi"],
        "worker": [*celery, "worker", "--concurrency", "2", "--loglevel", "warning"],
        "beat": [*celery, "beat", "--schedule", str(SCHEDULE), "--pidfile", "", "--loglevel", "warning"],
    }


def find_ended_process(processes: Processes) -> str:
    """Return the name of a process that has ended, or ""."""
    return next((name for name, process in processes.items() if process.poll() is not None), "")


def wait_until_ready(port: int, processes: Processes) -> str:
    """Wait until web and click service accept connections; return the name of a process that ended meanwhile, or ""."""
    deadline = time.monotonic() + READY_SECONDS
    for expected_port in (port, port + 1):
        while not is_listening(expected_port) and time.monotonic() < deadline:
            if ended := find_ended_process(processes):
                return ended
            time.sleep(0.1)
    return ""


def is_listening(port: int) -> bool:
    """Return whether a server listens on the port."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def print_addresses(port: int) -> None:
    """Print the addresses and the logins of the demo program."""
    print(f"\nAccord is running at http://{HOST}:{port}/ (staff: http://{HOST}:{port}/admin/)")
    print(f"Click service: http://{HOST}:{port + 1}/")
    print("Press Ctrl-C to stop.\n", flush=True)
    if wants_demo():
        manage("demo", "--logins")


def wait_for_first(processes: Processes) -> str:
    """Wait for the first process that ends and return its name."""
    while not (ended := find_ended_process(processes)):
        time.sleep(0.2)
    return ended


def stop_all(processes: Processes) -> None:
    """Terminate every process and its children; kill those that do not stop in time."""
    with suppress(StopRequestedError):
        for process in processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
    # Also after a second Ctrl-C, and for children of processes that have ended. A third Ctrl-C must not interrupt this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for process in processes.values():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
