"""The alert rules and the dashboard name metrics that exist, and each alert fires (specification 12).

With PROMETHEUS=1 a real Prometheus scrapes a served program into which the faults are injected, as in `make faults`.
"""

import json
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.utils import timezone

from mail.models import Message
from portal.models import ScheduledTask
from shops.models import Reject
from tests.early_requests import request_wsgi
from tests.free_ports import find_free_port
from tests.web_server import run_web_server

FOLDER = Path(__file__).parents[3] / "deploy" / "monitoring"
PAGE = Path(__file__).parents[3] / "docs" / "monitoring.md"
NAME = re.compile(r"\baccord_[a-z_]+")
ALERTS = {"AccordDown", "AccordTaskLate", "AccordClicksNotRecorded", "AccordMailWaiting", "AccordOrdersMissing"}
SECONDS = 90
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="Prometheus is not installed")


@pytest.mark.django_db
def test_rules_dashboard_and_page_name_metrics_that_exist(client):
    client.get("/nothing/")
    exposed = {name.removesuffix("_created") for name in NAME.findall(request_wsgi("/metrics")[2].decode())}
    for path in (FOLDER / "alerts.yml", FOLDER / "grafana-dashboard.json", PAGE):
        assert set(NAME.findall(path.read_text())) - exposed == set(), path


def test_page_explains_every_alert():
    assert set(re.findall(r"alert: (\w+)", (FOLDER / "alerts.yml").read_text())) == ALERTS
    assert set(re.findall(r"^\| (Accord\w+) \|", PAGE.read_text(), re.MULTILINE)) == ALERTS


def test_panels_of_the_dashboard_have_queries():
    panels = json.loads((FOLDER / "grafana-dashboard.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 5
    assert all(target["expr"] for panel in panels for target in panel["targets"])


@needs_promtool
@pytest.mark.parametrize("arguments", [("test", "rules", "alerts_test.yml"), ("check", "config", "prometheus.yml")])
def test_each_rule_fires_for_its_fault_and_only_then(arguments):
    ended = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    if arguments[0] == "test":
        tested = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts", (FOLDER / "alerts_test.yml").read_text()))
        assert tested == ALERTS


@needs_promtool
@pytest.mark.skipif(not os.environ.get("PROMETHEUS"), reason="long form: PROMETHEUS=1")
@pytest.mark.django_db(transaction=True)
def test_real_prometheus_fires_all_alerts_while_faults_last(tmp_path, monkeypatch):
    monkeypatch.setenv("CLICK_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("RUNTIME_DIR", str(tmp_path / "run"))
    with run_web_server() as server, run_prometheus(tmp_path, server.port) as port:
        wait_for(port, "query?query=accord_database_up", lambda data: bool(data["result"]))
        assert list_alerts(port) == set()
        inject_faults(tmp_path / "spool")
        wait_for(port, "alerts", lambda data: list_alerts(port) == ALERTS - {"AccordDown"})
        server.stop()
        wait_for(port, "alerts", lambda data: "AccordDown" in list_alerts(port))


def inject_faults(spool):
    now, long_ago = timezone.now(), timezone.now() - timedelta(days=3)
    ScheduledTask.objects.create(name="mail.tasks.deliver", last_success_at=long_ago)
    Message.objects.create(kind="welcome", to="a@example.com", key="1", created_at=long_ago, next_attempt_at=now)
    Reject.objects.create(received_at=long_ago, source="API", cause="bad", content="{}")
    spool.mkdir(exist_ok=True)
    (spool / "other.1.ab.clicks").write_bytes(b"x" * 2 * 2**20)


@contextmanager
def run_prometheus(folder, web_port):
    """Run Prometheus with the rules, which fire at once, and yield its port."""
    rules = re.sub(r"for: \d+m", "for: 0s", (FOLDER / "alerts.yml").read_text())
    (folder / "alerts.yml").write_text(rules)
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [alerts.yml]\n"
        f'scrape_configs: [{{job_name: accord, static_configs: [{{targets: ["127.0.0.1:{web_port}"]}}]}}]\n'
    )
    port = find_free_port()
    options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    process = subprocess.Popen(
        ["prometheus", *options, f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(20)


def ask(port, path):
    with urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=5) as answer:
        return json.load(answer)["data"]


def list_alerts(port):
    return {alert["labels"]["alertname"] for alert in ask(port, "alerts")["alerts"] if alert["state"] == "firing"}


def wait_for(port, path, condition):
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if condition(ask(port, path)):
                return
        except OSError:
            pass  # Prometheus is starting
        assert time.monotonic() < deadline, ask(port, path)
        time.sleep(0.3)
