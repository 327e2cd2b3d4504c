"""Runs the program on its web server in a separate process, as in production, with the test database."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from tests.free_ports import find_free_port

HERE = Path(__file__).parents[1]


class MeasuredResponse(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    # The peak increase of the memory of the web process.
    mebibytes: float


class WebServer:
    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid

    def request(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None = None, **headers: str
    ) -> MeasuredResponse:
        """Send a request on a new connection and measure its time and memory."""
        before = self._restart_measuring()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as client:
            started = time.monotonic()
            chunked = headers.get("Transfer-Encoding") == "chunked"
            # A request that is answered before its body is read may end while the body is still being sent.
            with suppress(BrokenPipeError, ConnectionResetError):
                client.request(method, path, body, headers, encode_chunked=chunked)
            response = client.getresponse()
            content = response.read()
            seconds = time.monotonic() - started
        return MeasuredResponse(
            response.status, dict(response.headers), content, seconds, (self._memory("VmHWM") - before) / 1024
        )

    def request_within(
        self,
        mebibytes: float,
        method: str,
        path: str,
        build_body: Callable[[], bytes | Iterable[bytes]],
        **headers: str,
    ) -> MeasuredResponse:
        """Send a request, up to three times if it seems to need more: what else the process allocates counts too."""
        response, attempts = self.request(method, path, build_body(), **headers), 1
        while response.mebibytes >= mebibytes and attempts < 3:
            response, attempts = self.request(method, path, build_body(), **headers), attempts + 1
        return response

    def stop(self) -> None:
        os.killpg(self.pid, signal.SIGKILL)

    def _workers(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        return [int(child) for child in children]

    def _restart_measuring(self) -> int:
        for worker in self._workers():
            Path(f"/proc/{worker}/clear_refs").write_text("5", encoding="ascii")
        return self._memory("VmRSS")

    def _memory(self, line: str) -> int:
        """Return the memory of all workers in KiB: VmRSS now, or VmHWM for the peak since measuring started."""
        total = 0
        for worker in self._workers():
            for text in Path(f"/proc/{worker}/status").read_text(encoding="ascii").splitlines():
                if text.startswith(f"{line}:"):
                    total += int(text.split()[1])
        return total


@contextmanager
def run_web_server(threads: int = 16) -> Iterator[WebServer]:
    """Run the web process on a free port, as `make run` starts it."""
    port = find_free_port()
    process = subprocess.Popen(
        [*_COMMAND, "--blocking-threads", str(threads), "--port", str(port), "config.wsgi:application"],
        cwd=HERE,
        env=build_environment() | {"WEB_THREADS": str(threads)},
        start_new_session=True,
    )
    try:
        _wait_for(port)
        yield WebServer(port, process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


_COMMAND = [
    *(sys.executable, "-m", "granian", "--host", "127.0.0.1", "--log-level", "error"),
    *("--interface", "wsgi", "--workers", "1"),
]


def build_environment() -> dict[str, str]:
    database = connection.settings_dict
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    address = f"postgres://{login}@{database['HOST'] or '127.0.0.1'}:{database['PORT'] or 5432}/{database['NAME']}"
    variables = {
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": address,
    }
    return os.environ | variables | {"REDIS_URL": settings.REDIS_URL}


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as client:
            try:
                client.request("GET", "/api/v1/nothing")
                if client.getresponse().status == 404:
                    return
            except OSError:
                pass
        assert time.monotonic() < deadline, "the server did not respond"
        time.sleep(0.1)
