"""`make run` keeps its two ports from the start, long before its servers listen."""

import socket

import pytest

from config import run
from tests.deploy.machine import find_free_ports


def test_reserved_port_is_refused_to_another_run_and_left_to_the_server():
    [port] = find_free_ports(1)
    with run.reserve_port(port):
        with pytest.raises(run.CannotRunError, match=f"port {port} is not free"):
            run.reserve_port(port)
        with socket.socket() as server:
            # As granian does.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind((run.HOST, port))
            server.listen()
            for _attempt in range(20):
                with socket.create_connection((run.HOST, port), timeout=10):
                    server.accept()[0].close()
    run.reserve_port(port).close()
