"""All of Accord on one machine, for `make run`: web, click service, worker and beat, ended together by one Ctrl-C."""

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
    """Something is in the way before anything was started; the text says what."""


class StopRequestedError(Exception):
    """A signal asks us to stop."""


def main() -> int:
    """Run everything until a signal or the first process that ends; return the exit status."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, request_stop)
    try:
        port = read_port()
        # Asked before the minutes that filling an empty database may take.
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
    """Leave whatever we are doing."""
    raise StopRequestedError


def read_port() -> int:
    """Return the port that PORT names, 8000 if it is unset."""
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65535):
        raise CannotRunError(f"PORT must be a number from 1 to 65534, not {text!r}")
    return int(text)


def check_port_is_free(port: int) -> None:
    """Refuse if another program has the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotRunError(
                f"port {port} is not free ({error.strerror}). Set PORT to another one: the web takes it, "
                "the click service the one after it."
            ) from None


def set_up(port: int) -> None:
    """Read the settings, which also starts the embedded servers and keeps them for as long as we live."""
    os.environ["PORT"] = str(port)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise CannotRunError(str(error)) from None


def prepare() -> None:
    """Bring the database up to date and fill an empty one."""
    manage("migrate", "--verbosity", "0")
    if wants_demo():
        manage("demo", "--if-empty")


def wants_demo() -> bool:
    """Say whether a demo program is wanted; DEMO=0 says no."""
    return os.environ.get("DEMO", "1") != "0"


def manage(*arguments: str) -> None:
    """Run one of manage.py's commands; refuse if it fails."""
    with start("manage.py", *arguments) as process:
        try:
            status = process.wait()
        except StopRequestedError:
            process.terminate()
            raise
    if status:
        raise CannotRunError(f"manage.py {' '.join(arguments)} ended with status {status}")


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start Python with these arguments, so that it ends at the latest when we do."""
    # A session of its own: Ctrl-C is for us alone, who then ask each process to end.
    return subprocess.Popen(
        [sys.executable, *arguments],
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- we have one thread
    )


def run(port: int) -> int:
    """Start every process, say where they are, and wait for the first to end; none is left when this returns."""
    processes: Processes = {}
    try:
        for name, arguments in list_programs(port).items():
            processes[name] = start(*arguments)
        ended = wait_until_ready(port, processes)
        if not ended:
            greet(port)
            ended = wait_for_first(processes)
        print(f"make run: {ended} ended with status {processes[ended].returncode}; ending the others", file=sys.stderr)
    finally:
        stop_all(processes)
    return 1


def list_programs(port: int) -> dict[str, list[str]]:
    """Return the arguments for Python of everything that runs, by the name that it is spoken of."""
    SCHEDULE.parent.mkdir(exist_ok=True)
    granian = ["-m", "granian", "--host", HOST, "--log-level", "warning"]
    # Who runs it as root on their own machine knows it.
    celery = ["-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "--app", "config"]
    # One process. A thread waits while the click of its redirect is written, and the more wait the more share a commit.
    wsgi = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", "64"]
    return {
        "web": [*granian, *wsgi, "--port", str(port), "config.wsgi:application"],
        "click service": [*granian, "--interface", "asgi", "--port", str(port + 1), "tracking.clicks.redirect:asgi"],
        "worker": [*celery, "worker", "--concurrency", "2", "--loglevel", "warning"],
        "beat": [*celery, "beat", "--schedule", str(SCHEDULE), "--pidfile", "", "--loglevel", "warning"],
    }


def find_ended_process(processes: Processes) -> str:
    """Return the name of a process that has ended, or nothing."""
    return next((name for name, process in processes.items() if process.poll() is not None), "")


def wait_until_ready(port: int, processes: Processes) -> str:
    """Return when web and click service accept connections; return the name of a process that ended meanwhile."""
    deadline = time.monotonic() + READY_SECONDS
    for awaited in (port, port + 1):
        while not is_listening(awaited) and time.monotonic() < deadline:
            if ended := find_ended_process(processes):
                return ended
            time.sleep(0.1)
    return ""


def is_listening(port: int) -> bool:
    """Say whether a server listens on the port."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def greet(port: int) -> None:
    """Print where everything is, and the logins of the demo program."""
    print(f"\nAccord runs at http://{HOST}:{port}/ and its staff's admin at http://{HOST}:{port}/admin/")
    print(f"The click service answers at http://{HOST}:{port + 1}/")
    print("Ctrl-C ends all of it.\n", flush=True)
    if wants_demo():
        manage("demo", "--logins")


def wait_for_first(processes: Processes) -> str:
    """Return the name of the first process that ends."""
    while not (ended := find_ended_process(processes)):
        time.sleep(0.2)
    return ended


def stop_all(processes: Processes) -> None:
    """End every process and all of their children; a deaf one is killed."""
    with suppress(StopRequestedError):
        for process in processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
    # Also after a second Ctrl-C, and for the children of those that are gone. No third one may come in between.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for process in processes.values():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
