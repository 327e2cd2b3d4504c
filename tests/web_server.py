"""The program behind its web server, in a process of its own as in production, with the test's database."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.db import connection

HERE = Path(__file__).parents[1]


class MeasuredResponse(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    # By how much the memory of the process that answered rose at its highest.
    mebibytes: float


class WebServer:
    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid

    def request(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None = None, **headers: str
    ) -> MeasuredResponse:
        """One request on a connection of its own, and what it cost."""
        before = self._restart_measuring()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as client:
            begun = time.monotonic()
            chunked = headers.get("Transfer-Encoding") == "chunked"
            client.request(method, path, body, headers, encode_chunked=chunked)
            answer = client.getresponse()
            content = answer.read()
            seconds = time.monotonic() - begun
        return MeasuredResponse(
            answer.status, dict(answer.headers), content, seconds, (self._memory("VmHWM") - before) / 1024
        )

    def _workers(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        return [int(child) for child in children]

    def _restart_measuring(self) -> int:
        for worker in self._workers():
            Path(f"/proc/{worker}/clear_refs").write_text("5", encoding="ascii")
        return self._memory("VmRSS")

    def _memory(self, line: str) -> int:
        """KiB of all workers: VmRSS as they are, VmHWM at their highest since the measuring began."""
        found = 0
        for worker in self._workers():
            for text in Path(f"/proc/{worker}/status").read_text(encoding="ascii").splitlines():
                if text.startswith(f"{line}:"):
                    found += int(text.split()[1])
        return found


@contextmanager
def run_web_server() -> Iterator[WebServer]:
    """The web process on a free port, as `make run` starts it, until the test is over."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*_COMMAND, "--port", str(port), "config.wsgi:application"],
        cwd=HERE,
        env=_environment(),
        start_new_session=True,
    )
    try:
        _wait_for(port)
        yield WebServer(port, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


_COMMAND = [
    *(sys.executable, "-m", "granian", "--host", "127.0.0.1", "--log-level", "error"),
    *("--interface", "wsgi", "--workers", "1", "--blocking-threads", "16"),
]


def _environment() -> dict[str, str]:
    named = connection.settings_dict
    login = f"{quote(named['USER'])}:{quote(named['PASSWORD'])}"
    address = f"postgres://{login}@{named['HOST'] or '127.0.0.1'}:{named['PORT'] or 5432}/{named['NAME']}"
    given = {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": address}
    return os.environ | given | {"REDIS_URL": settings.REDIS_URL}


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
        assert time.monotonic() < deadline, "the server never answered"
        time.sleep(0.1)
