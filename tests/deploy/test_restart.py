"""Processes on a socket that the service manager keeps open: a restart refuses no request (specification 12)."""

import sys
import threading
import time
from collections import Counter
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.deploy.service_manager import ServiceManager
from tests.free_ports import find_free_port
from tests.web_server import build_environment

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Client(threading.Thread):
    """Sends one request after the other until stopped."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port, self.outcomes, self.is_stopping = port, Counter[str](), False

    def run(self) -> None:
        while not self.is_stopping:
            with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
                try:
                    connection.request("GET", "/r/missing")
                    self.outcomes[str(connection.getresponse().status)] += 1
                except Exception as error:  # noqa: BLE001 -- every failure counts
                    self.outcomes[repr(error)] += 1
            time.sleep(0.005)


def test_restart_with_one_process_makes_clients_wait_and_fails_none(tmp_path: Path) -> None:
    port = find_free_port()
    units = tmp_path / "units"
    units.mkdir()
    for name in ("accord-click.socket", "accord-click@.service"):
        text = (ROOT / "deploy/systemd" / name).read_text().replace("127.0.0.1:8001", f"127.0.0.1:{port}")
        text = text.replace("/opt/accord/.venv/bin/python", sys.executable).replace("/opt/accord", str(ROOT))
        (units / name).write_text(text)
    manager = ServiceManager(units, tmp_path, build_environment(), {})
    clients = [Client(port) for _ in range(4)]
    try:
        manager.systemctl("start", "accord-click.socket", "accord-click@1")
        first = manager.processes["accord-click@1"].pid
        for client in clients:
            client.start()
        manager.systemctl("restart", "accord-click@1")
        assert manager.processes["accord-click@1"].pid != first
    finally:
        for client in clients:
            client.is_stopping = True
            client.join()
        manager.stop_all()
    outcomes = sum((client.outcomes for client in clients), Counter())
    assert set(outcomes) == {"404"}, manager.read_log("accord-click@1")
