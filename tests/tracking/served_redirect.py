"""A web server with the redirect and a proxy to its database, for tests that break them."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings as django_settings
from django.db import connection

from tests.free_ports import find_free_port

HERE = Path(__file__).parents[2]
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
APPLICATIONS = {"asgi": "config.asgi:application", "wsgi": "config.wsgi:application"}


class Proxy:
    """A TCP proxy to PostgreSQL that can hold data back, delay it, or stop listening."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.flowing = threading.Event()
        self.flowing.set()
        self.delay = 0.0
        self.port = find_free_port()
        self.sockets: set[socket.socket] = set()
        self.open()

    def open(self) -> None:
        """Listen on the same port as before."""
        self.server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self.server,), daemon=True).start()

    def close(self) -> None:
        """Behave like a stopped server: close connections and refuse new ones."""
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for one in list(self.sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.create_connection(self.target)
                self.sockets |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            with suppress(OSError):
                while data := source.recv(65536):
                    self.flowing.wait()
                    time.sleep(self.delay)
                    sink.sendall(data)
        finally:
            for one in (source, sink):
                self.sockets.discard(one)
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()


class WebServer:
    """A web server process that can be killed and restarted with the same port and spool."""

    def __init__(self, interface: str, proxy: Proxy, folder: Path) -> None:
        self.port = find_free_port()
        self.interface, self.proxy, self.folder = interface, proxy, folder
        self.start()

    def start(self) -> None:
        database = connection.settings_dict
        login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
        environment = os.environ | {
            "DEBUG": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": f"postgres://{login}@127.0.0.1:{self.proxy.port}/{database['NAME']}",
            "REDIS_URL": django_settings.REDIS_URL,
            "CLICK_FLOOD_PER_MINUTE": "1000000",
            "CLICK_SPOOL_DIR": str(self.folder),
        }
        address = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "error"]
        threads = ["--blocking-threads", "16"] if self.interface == "wsgi" else []
        application = ["--interface", self.interface, *threads, APPLICATIONS[self.interface]]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "granian", *address, *application],
            cwd=HERE,
            env=environment,
            start_new_session=True,
        )
        wait_for_server(self.port)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def wait_for_server(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            status, _ = visit(port, "/r/nosuchcode")
        except OSError:
            status = 0
        if status == 404:
            return
        assert time.monotonic() < deadline, "the server never answered"
        time.sleep(0.1)


def visit(port: int, path: str, client: http.client.HTTPConnection | None = None) -> tuple[int, str]:
    """Return the status and the location. Raises TimeoutError after 10 seconds without an answer."""
    own = client or http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        own.request("GET", path, headers=BROWSER)
        response = own.getresponse()
        response.read()
        return response.status, response.headers.get("Location", "")
    finally:
        if client is None:
            own.close()


def start_visits(port: int, path: str, *, rate: int, seconds: float) -> "subprocess.Popen[str]":
    """Start `rate` visits per second, whether or not earlier ones are answered; read the result with `get_outcome`."""
    command = [sys.executable, "-m", "benchmarks.arrivals", str(port), path, str(rate), str(seconds)]
    return subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True)


def get_outcome(process: "subprocess.Popen[str]") -> dict[str, Any]:
    output, _ = process.communicate(timeout=60)
    outcome: dict[str, Any] = json.loads(output)
    return outcome
