"""Metrics of the web process and of the click service (specification 12)."""

import ipaddress
import logging
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.db import OperationalError
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config import worker_metrics
from mail import outbox
from mail.models import Message
from portal.models import ScheduledTask
from portal.monitoring import program_state
from shops.connectors import checklist
from shops.models import Reject, ShopEvent
from tests.early_requests import request_asgi, request_wsgi
from tests.shops.connectors.plain_shop import make_connection
from tracking.clicks.click_metrics import VisitLog
from tracking.clicks.click_store import ClickRow
from tracking.clicks.responses import RedirectResponse, build_not_found

Samples = dict[tuple[str, ...], float]
ROOT = Path(__file__).parents[3]


def parse(text: str) -> Samples:
    """Return {(name, label values in the order of their names ...): value}."""
    return {
        (sample.name, *(value for _name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape() -> Samples:
    status, headers, body = request_wsgi("/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    return parse(body.decode())


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "status"),
    [
        ("127.0.0.1", "", 0, 200),
        ("10.2.3.4", "", 0, 200),
        ("10.3.0.1", "", 0, 403),
        ("203.0.113.9", "", 0, 403),
        ("", "", 0, 403),
        ("203.0.113.9", "127.0.0.1", 0, 403),
        # A proxy on this machine that TRUSTED_PROXIES does not count.
        ("127.0.0.1", "203.0.113.9", 0, 403),
        ("127.0.0.1", "127.0.0.1", 0, 403),
        ("127.0.0.1", "127.0.0.1, 203.0.113.9", 1, 403),
        ("127.0.0.1", "203.0.113.9, 10.2.0.9", 1, 200),
        ("127.0.0.1", "", 1, 200),
    ],
)
@pytest.mark.django_db
def test_metrics_are_for_allowed_networks_only(peer, forwarded, proxies, status, settings):
    settings.METRICS_NETWORKS = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("10.2.0.0/16")]
    settings.TRUSTED_PROXIES = proxies
    headers = {"x_forwarded_for": forwarded} if forwarded else {}
    answer = request_wsgi("/metrics", peer=peer, **headers)
    assert answer[0] == status
    assert (b"accord_database_up" in answer[2]) == (status == 200)


def test_click_service_serves_metrics_to_allowed_networks_only(monkeypatch):
    monkeypatch.setattr("portal.monitoring.program_state._read_database", lambda now: [])
    assert request_asgi("/metrics")[0] == 200
    assert request_asgi("/metrics", peer="203.0.113.9")[0] == 403


@pytest.mark.django_db
def test_requests_are_counted_by_route_never_by_path(client):
    def count(*labels):
        return scrape().get(("accord_request_seconds_count", *labels), 0)

    before = count("GET", "/unsubscribe/<str:token>/", "404"), count("GET", "unknown", "404")
    client.get("/unsubscribe/abc123/")
    client.get("/nothing-like-this/")
    after = count("GET", "/unsubscribe/<str:token>/", "404"), count("GET", "unknown", "404")
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1]
    text = request_wsgi("/metrics")[2]
    assert b"abc123" not in text
    assert b"nothing-like-this" not in text


@pytest.mark.django_db
def test_visits_are_counted_by_status_and_time_and_clicks_by_kind():
    def read():
        found = scrape()
        names = ("accord_redirects_total", "404", "0.25"), ("accord_clicks_total", "bot")
        return [found.get(name, 0) for name in names]

    log, before = VisitLog(), read()
    log.add(build_not_found(), 0.2)
    row = ClickRow(**(dict.fromkeys(ClickRow._fields, "") | {"kind": "bot"}))  # type: ignore[arg-type]
    for _ in range(3):
        log.add(RedirectResponse(302, "Found", [], b"", row), 0.001)
    assert read() == before
    log.count()
    assert [new - old for new, old in zip(read(), before, strict=True)] == [1, 3]


def test_visits_are_counted_although_the_writer_does_not_come():
    log = VisitLog()
    for _ in range(2_100):
        log.add(build_not_found(), 0.001)
    assert len(log._pending) < 200


@pytest.mark.django_db
def test_state_of_outbox_tasks_rejects_and_connections():
    now = timezone.now()
    outbox.queue_email(kind="welcome", to="a@example.com", key="1", context={}, language="")
    Message.objects.update(created_at=now - timedelta(minutes=20))
    ScheduledTask.objects.create(
        name="mail.tasks.deliver", last_success_at=now - timedelta(seconds=305), disabled_at=now
    )
    Reject.objects.create(received_at=now - timedelta(hours=2), source="API", cause="bad", content="{}")
    shop = make_connection()
    shop.milestones = {"event": now.isoformat()}
    shop.save()
    ShopEvent.objects.create(
        connection=shop, delivery="1", received_at=now - timedelta(days=40), body=b"", next_attempt_at=now
    )
    found = scrape()
    assert found["accord_database_up",] == 1
    assert found["accord_outbox_waiting",] == 1
    assert 1200 <= found["accord_outbox_oldest_seconds",] < 1300
    assert 300 <= found["accord_task_late_seconds", "mail.tasks.deliver"] < 400
    assert found["accord_task_disabled", "mail.tasks.deliver"] == 1
    assert found["accord_rejects_open",] == 1
    assert 7200 <= found["accord_rejects_oldest_seconds",] < 7300
    labels = (shop.name, shop.platform)
    assert found["accord_connection_silent", *labels] == 1
    assert found["accord_connection_events_waiting", *labels] == 1
    assert found["accord_connection_last_event_seconds", *labels] >= 40 * 86400


@pytest.mark.django_db
def test_state_takes_few_statements(django_assert_max_num_queries):
    for number in range(3):
        make_connection(f"shop {number}", f"s{number}")
    with django_assert_max_num_queries(14):
        scrape()


def test_without_database_only_its_absence_is_reported(monkeypatch, caplog):
    def fail(**kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(checklist, "list_silent", fail)
    monkeypatch.setattr(program_state, "_read_database", lambda now: fail())
    with caplog.at_level(logging.WARNING):
        found = scrape()
    assert found["accord_database_up",] == 0
    assert ("accord_outbox_waiting",) not in found
    assert ("accord_spool_bytes",) in found


@pytest.mark.django_db
def test_spool_of_this_machine_is_measured(settings, tmp_path):
    settings.CLICK_SPOOL_DIR = tmp_path
    (tmp_path / "accord.1.ab.clicks").write_bytes(b"x" * 300)
    (tmp_path / "other").write_bytes(b"x" * 300)
    assert scrape()["accord_spool_bytes",] == 300


@pytest.mark.django_db(transaction=True)
def test_snapshots_are_counted_by_outcome_once_they_are_stored():
    from shops import intake
    from tests.scenarios import NOW, create_program

    create_program("2026-01-01")
    before = scrape().get(("accord_order_snapshots_total", "rejected"), 0)
    intake.ingest_orders(snapshots=[{"order_id": "1"}, {}], source="API", now=NOW)
    assert scrape()["accord_order_snapshots_total", "rejected"] - before == 2


def test_worker_serves_probes_at_its_own_address(monkeypatch):
    monkeypatch.setattr("portal.monitoring.program_state._read_database", lambda now: [])
    server = worker_metrics.serve("127.0.0.1:0")
    try:
        with urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
            assert b"accord_database_up" in answer.read()
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://127.0.0.1:{server.server_port}/admin/")
    finally:
        server.shutdown()
        server.server_close()


COUNTING_PROCESS = """
import os, sys
sys.path.insert(0, ".")
from config import metrics_files
metrics_files.share(int(sys.argv[1]))
from prometheus_client import Counter
Counter("accord_test", "Test").inc(int(sys.argv[2]))
"""
READING_PROCESS = """
import os, sys
sys.path.insert(0, ".")
import django
django.setup()
from portal.monitoring import metrics
from prometheus_client import generate_latest
print(generate_latest(metrics._get_counters()).decode())
"""


def test_processes_of_one_server_share_counters_and_leave_none_behind(tmp_path):
    environment = os.environ | {"RUNTIME_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / "metrics" / str(ended.pid)).mkdir(parents=True)
    server = str(os.getpid())
    for number in ("2", "3"):
        subprocess.run([sys.executable, "-c", COUNTING_PROCESS, server, number], cwd=ROOT, env=environment, check=True)
    assert [path.name for path in (tmp_path / "metrics").iterdir()] == [server]
    environment["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path / "metrics" / server)
    shown = subprocess.run(
        [sys.executable, "-c", READING_PROCESS], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert "accord_test_total 5.0" in shown.stdout
