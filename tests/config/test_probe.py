"""The probe of a container (`python -m config.probe`)."""

import pytest

from config import probe, serve
from tests.local_server import Reply
from tests.local_server import serve as serve_locally


@pytest.mark.parametrize("role", ["web", "click", "worker", "beat"])
def test_role_is_found_in_the_command_line_of_its_server(role):
    command = serve.ROLES[role]()
    assert probe.find_role(["/opt/venv/bin/python", *command]) == role


def test_role_is_found_if_an_init_process_started_it():
    assert probe.find_role(["/sbin/docker-init", "--", "python", "-m", "config.serve", "click"]) == "click"


def test_other_process_has_no_role():
    assert probe.find_role(["python", "manage.py", "migrate"]) is None


def test_answered_probe_finds_no_fault():
    with serve_locally(lambda _path: Reply()) as server:
        assert probe.find_http_fault(get_port(server.url)) == ""
    assert server.paths == ["/healthz"]


def test_probe_names_the_status_of_a_server_that_is_not_healthy():
    with serve_locally(lambda _path: Reply(status=500)) as server:
        port = get_port(server.url)
        assert probe.find_http_fault(port) == f"/healthz on port {port} answers 500"


def test_probe_names_the_port_that_does_not_answer():
    with serve_locally(lambda _path: Reply()) as server:
        port = get_port(server.url)
    assert f"port {port} does not answer" in probe.find_http_fault(port)


def get_port(url: str) -> int:
    return int(url.rpartition(":")[2])
