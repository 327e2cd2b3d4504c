"""Measure how long pages, orders and tracking links take while 100 clients send a byte a second.

    python -m benchmarks.slow_clients [--rounds 30] [--clients 100]

A row's value is the slowest of all answers, in seconds: directly at the web process, and behind nginx with
deploy/nginx/accord.conf if nginx is installed.
"""

import argparse
import json
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.own_database import own_database

if TYPE_CHECKING:
    from tests.web_server import WebServer

MAX_SECONDS = 1
PROXY = Path(__file__).parents[1] / "deploy" / "nginx" / "accord.conf"


def measure_rows(rounds: int, clients: int) -> Iterator[dict[str, Any]]:
    """Yield a row for the web process alone, and one for it behind nginx."""
    with own_database("accord_bench_slow_clients"):
        from accounts import api_keys
        from tests.scenarios import NOW, create_program
        from tests.web_server import run_web_server

        create_program("2026-01-01")
        secret = api_keys.create(name="the shop", now=NOW, by=None)[1]
        slow = api_keys.create(name="slow shop", now=NOW, by=None)[1]
        with run_web_server(threads=64) as server:
            yield _measure_row("without a proxy", server, server.port, (secret, slow), rounds, clients)
            if shutil.which("nginx"):
                with run_proxy(server.port) as port:
                    yield _measure_row("behind nginx", server, port, (secret, slow), rounds, clients)


def _measure_row(
    where: str, server: "WebServer", port: int, keys: tuple[str, str], rounds: int, clients: int
) -> dict[str, Any]:
    from tests.portal.test_slow_clients_served import open_slow_clients
    from tests.scenarios import build_order

    headers = {"Authorization": f"Bearer {keys[0]}", "Content-Type": "application/json", "Host": "localhost"}
    slowest = 0.0
    server = type(server)(port, server.pid)
    with open_slow_clients(port, keys[1], clients):
        for number in range(rounds):
            body = json.dumps(build_order(f"{where[0]}{number}")).encode()
            for method, path, content, status in (
                ("GET", "/accounts/login/", None, 200),
                ("GET", "/r/unknown", None, 404),
                ("PUT", f"/api/v1/orders/{where[0]}{number}", body, 201),
            ):
                response = server.request(method, path, content, **headers)
                assert response.status == status, response
                slowest = max(slowest, response.seconds)
            time.sleep(0.2)
    return {
        "work": f"{clients} clients of a byte a second, {where}: seconds until the slowest other answer",
        "value": round(slowest, 3),
        "at most": MAX_SECONDS,
        "answers": rounds * 3,
    }


@contextmanager
def run_proxy(web_port: int) -> Iterator[int]:
    """Run nginx with the example configuration, without TLS and with the web process for tracking links too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    text = build_proxy_servers(port, web_port)
    with tempfile.TemporaryDirectory() as folder:
        paths = "".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = f"daemon off; pid {folder}/pid; error_log stderr error; events {{}} http {{ access_log off; {paths} {text} }}"
        Path(folder, "nginx.conf").write_text(main, encoding="utf-8")
        process = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf", "-p", folder])
        try:
            wait_for_port(port)
            yield port
        finally:
            process.terminate()
            process.wait()


def build_proxy_servers(port: int, web_port: int) -> str:
    """Return the upstreams and the server of the example configuration, on `port` and in front of `web_port`."""
    text = PROXY.read_text(encoding="utf-8")
    text = re.sub(r"server \{\s+listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
    text = re.sub(r" *(ssl_\w+|listen \[::\]:443).*\n", "", text)
    text = text.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}")
    return re.sub(r"127\.0\.0\.1:800\d", f"127.0.0.1:{web_port}", text)


def wait_for_port(port: int) -> None:
    """Return when something listens on the port."""
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("nginx did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--clients", type=int, default=100)
    given = parser.parse_args()
    for row in measure_rows(given.rounds, given.clients):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
