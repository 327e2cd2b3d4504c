"""Run the server that a benchmark measures: granian with one worker, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).parents[1]
BARE_APPLICATION = """
def wsgi(environ, start_response):
    start_response("302 Found", [("Location", "https://shop.example/"), ("Content-Length", "0")])
    return [b""]

async def asgi(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"location", b"https://shop.example/"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 302, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
"""
APPLICATIONS = {"wsgi": "config.wsgi:application", "asgi": "config.asgi:application"}
Process = subprocess.Popen[bytes]


@contextmanager
def run_server(
    interface: str,
    application: str,
    folder: Path,
    port: int = 0,
    database_url: str = "",
    *,
    python: str = sys.executable,
    threads: int = 64,
) -> Iterator[tuple[int, Process]]:
    """Run a server of `application`, yield its port and process, and kill it at the end.

    The application "bare" is a redirect without Accord. `folder` holds the clicks spooled while the database is down.
    By WSGI it has 64 threads, as with `make run`, unless `threads` says otherwise.
    """
    (folder / "bare.py").write_text(BARE_APPLICATION)
    port = port or find_free_port()
    target = f"bare:{interface}" if application == "bare" else application
    blocking = ["--blocking-threads", str(threads)] if interface == "wsgi" else []
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "critical", "--interface", interface]
    environment = os.environ | {
        "PYTHONPATH": f"{folder}:{HERE}",
        "CLICK_FLOOD_PER_MINUTE": "999999999",
        "CLICK_SPOOL_DIR": str(folder / "clicks"),
    }
    if database_url:
        environment["DATABASE_URL"] = database_url
    process = subprocess.Popen(
        [python, "-m", "granian", *options, *blocking, target],
        cwd=HERE,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield port, process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def find_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def wait_for(port: int) -> None:
    """Wait until a server listens on the port."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server did not start")
