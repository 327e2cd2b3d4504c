"""Processes on a socket that the service manager keeps open: a restart refuses no request (specification 12)."""

import os
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.deploy.machine import find_free_ports
from tests.deploy.service_manager import ServiceManager
from tests.web_server import build_environment

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Clients(threading.Thread):
    """Send one request after the other until stopped."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.outcomes, self.is_stopping = address, Counter[str](), False

    def run(self) -> None:
        while not self.is_stopping:
            try:
                with urllib.request.urlopen(self.address, timeout=60) as response:
                    self.outcomes[str(response.status)] += 1
            except Exception as error:  # noqa: BLE001 -- every failure counts
                self.outcomes[repr(error)] += 1
            time.sleep(0.005)


def test_restart_with_one_process_makes_clients_wait_and_fails_none(tmp_path: Path) -> None:
    [port] = find_free_ports(1)
    units = tmp_path / "units"
    units.mkdir()
    for name in ("accord-web.socket", "accord-web@.service"):
        text = (ROOT / "deploy/systemd" / name).read_text().replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        text = text.replace("/opt/accord/.venv/bin/python", sys.executable).replace("/opt/accord", str(ROOT))
        (units / name).write_text(text)
    manager = ServiceManager(units, tmp_path, build_environment() | {"WEB_THREADS": "8"}, {})
    clients = [Clients(f"http://127.0.0.1:{port}/accounts/login/") for _ in range(4)]
    try:
        manager.systemctl("start", "accord-web.socket", "accord-web@1")
        first = manager.processes["accord-web@1"].pid
        for client in clients:
            client.start()
        manager.systemctl("restart", "accord-web@1")
        assert manager.processes["accord-web@1"].pid != first
    finally:
        for client in clients:
            client.is_stopping = True
            client.join()
        manager.stop_all()
    outcomes = sum((client.outcomes for client in clients), Counter())
    assert set(outcomes) == {"200"}, manager.read_log("accord-web@1")
    assert os.environ.get("LISTEN_FDS") is None
