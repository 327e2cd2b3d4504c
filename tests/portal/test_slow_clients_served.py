"""A hundred slow clients don't keep others out; `benchmarks/slow_clients.py` measures how long others wait."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from accounts import api_keys
from tests.scenarios import NOW, build_order, create_program
from tests.web_server import WebServer, run_web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CLIENTS = 100


@contextmanager
def open_slow_clients(port: int, secret: str, clients: int = CLIENTS) -> Iterator[list[socket.socket]]:
    """Open connections that announce a body and send a byte of it each second: orders with and without key, and forms."""
    heads = (
        f"PUT /api/v1/orders/S1 HTTP/1.1\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json",
        "PUT /api/v1/orders/S1 HTTP/1.1\r\nAuthorization: Bearer unknown\r\nContent-Type: application/json",
        "POST /accounts/login/ HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded",
        "POST /r/unknown HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded",
    )
    stop = threading.Event()
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(clients)
        ]
        for number, connection in enumerate(connections):
            connection.sendall(
                f"{heads[number % len(heads)]}\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n".encode()
            )
        sender = threading.Thread(target=_drip, args=(connections, stop))
        sender.start()
        try:
            yield connections
        finally:
            stop.set()
            sender.join()


def _drip(connections: list[socket.socket], stop: threading.Event) -> None:
    while not stop.wait(1):
        for connection in connections:
            with suppress(OSError):  # once the server has refused it
                connection.sendall(b" ")


@pytest.fixture
def shop() -> Iterator[tuple[WebServer, str]]:
    create_program("2026-01-01")
    secret = api_keys.create(name="the shop", now=NOW, by=None)[1]
    with run_web_server() as server:
        yield server, secret


def test_slow_clients_do_not_keep_others_out(shop):
    server, secret = shop
    slow = api_keys.create(name="slow shop", now=NOW, by=None)[1]
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    with open_slow_clients(server.port, slow):
        for number in range(20):
            assert server.request("GET", "/accounts/login/").status == 200
            assert server.request("GET", "/r/unknown").status == 404
            body = json.dumps(build_order(f"A{number}")).encode()
            assert server.request("PUT", f"/api/v1/orders/A{number}", body, **headers).status == 201


def test_request_without_a_key_is_answered_before_its_body(shop):
    server, _secret = shop
    with open_slow_clients(server.port, "unknown", clients=4) as connections:
        assert connections[1].recv(12) == b"HTTP/1.1 401"
