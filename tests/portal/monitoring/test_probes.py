"""Health and readiness of the web process and of the click service (specification 12)."""

import json

import psycopg
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from portal.monitoring import readiness as readiness_module
from portal.monitoring.readiness import Readiness
from tests.early_requests import request_asgi, request_wsgi

APPLICATIONS = pytest.mark.parametrize("request_application", [request_wsgi, request_asgi])


def fail_to_connect():
    raise psycopg.OperationalError("connection refused at 10.1.2.3")


@pytest.fixture(autouse=True)
def _fresh_results(monkeypatch):
    monkeypatch.setattr("portal.monitoring.probes.readiness", Readiness())


@APPLICATIONS
def test_health_needs_no_store_no_known_host_and_no_tls(request_application, monkeypatch, settings):
    settings.SECURE_SSL_REDIRECT = True
    monkeypatch.setattr(readiness_module, "connect", fail_to_connect)
    status, headers, body = request_application("/healthz", host="10.0.0.7:8000")
    assert (status, json.loads(body)) == (200, {"status": "alive"})
    assert headers["cache-control"] == "no-store"


@pytest.mark.django_db
@APPLICATIONS
def test_ready_with_both_stores_and_all_migrations(request_application, settings):
    settings.SECURE_SSL_REDIRECT = True
    status, _headers, body = request_application("/readyz", host="10.0.0.7:8000")
    assert (status, json.loads(body)) == (
        200,
        {"status": "ready", "database": "ok", "migrations": "ok", "cache": "ok"},
    )


@APPLICATIONS
def test_not_ready_without_database_and_says_no_more_than_that(request_application, monkeypatch):
    monkeypatch.setattr(readiness_module, "connect", fail_to_connect)
    status, _headers, body = request_application("/readyz")
    assert status == 503
    assert json.loads(body)["database"] == "unavailable"
    assert json.loads(body)["migrations"] == "unknown"
    assert b"10.1.2.3" not in body


@pytest.mark.django_db
def test_not_ready_without_cache(monkeypatch):
    def fail(*args, **kwargs):
        raise RedisConnectionError("refused")

    monkeypatch.setattr("redis.Redis.ping", fail)
    status, _headers, body = request_wsgi("/readyz")
    assert (status, json.loads(body)["cache"], json.loads(body)["database"]) == (503, "unavailable", "ok")


@pytest.mark.django_db
def test_not_ready_before_migrations_are_applied(monkeypatch):
    shipped = readiness_module.list_shipped_migrations() | {("portal", "0099_next")}
    monkeypatch.setattr(readiness_module, "list_shipped_migrations", lambda: shipped)
    status, _headers, body = request_wsgi("/readyz")
    assert (status, json.loads(body)["migrations"]) == (503, "1 not applied")


def test_stores_are_looked_at_once_for_many_probes(monkeypatch):
    looks: list[int] = []

    def count():
        looks.append(1)
        return {"database": "ok", "migrations": "ok"}

    monkeypatch.setattr(readiness_module, "check_database", count)
    monkeypatch.setattr(readiness_module, "check_cache", lambda: "ok")
    readiness = Readiness()
    assert [readiness_module.is_ready(readiness.get_results()) for _ in range(5)] == [True] * 5
    assert len(looks) == 1


@APPLICATIONS
def test_probes_answer_head_without_body_and_refuse_other_methods(request_application):
    assert request_application("/healthz", method="HEAD")[::2] == (200, b"")
    assert request_application("/healthz", method="POST")[0] == 405
