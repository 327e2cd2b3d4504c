"""The access log and the ids of requests and tasks (specification 12)."""

import logging

import pytest
from celery.signals import before_task_publish
from django.urls import reverse

from config.celery import app
from lib.request_id import get_request_id, use_request_id
from portal.monitoring.request_log import NO_ROUTE

pytestmark = pytest.mark.django_db


@pytest.fixture
def access_log(caplog):
    caplog.set_level(logging.INFO, logger="accord.access")
    return caplog


def read_records(access_log):
    return [record for record in access_log.records if record.name == "accord.access"]


def test_each_request_has_one_line_without_query_and_full_address(client, access_log):
    response = client.get("/?secret=1", REMOTE_ADDR="203.0.113.77")
    (record,) = read_records(access_log)
    assert (record.method, record.path, record.route, record.status) == ("GET", "/", "/", response.status_code)
    assert record.network == "203.0.113.0"
    assert "secret" not in str(vars(record)["message"])


def test_path_that_contains_a_secret_is_logged_as_its_route(client, access_log):
    client.get(reverse("portal:unsubscribe", args=["s3cret"]))
    client.get(reverse("account_reset_password_from_key", kwargs={"uidb36": "a1", "key": "s3cret"}))
    assert len(read_records(access_log)) == 2
    assert "s3cret" not in str([vars(record) for record in read_records(access_log)])


def test_unknown_path_and_machine_requests_are_logged(client, access_log):
    client.get("/nothing-here/")
    client.put("/api/v1/orders/7")
    routes = [(record.route, record.status) for record in read_records(access_log)]
    assert routes[0] == (NO_ROUTE, 404)
    assert routes[1][0].startswith("/api/v1/orders/")


@pytest.mark.parametrize("given", ["7f3d", "1-67891233-abcdef012345678912345678", "a" * 128])
def test_sane_request_id_is_accepted_and_returned(client, given):
    assert client.get("/", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, "x\u00e9", "<script>", 'a"b', "-x"])
def test_other_request_id_is_replaced(client, given):
    response = client.get("/", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] != given
    assert len(response.headers["X-Request-ID"]) == 32


def test_refused_host_and_error_page_have_an_id(client):
    assert client.get("/", headers={"Host": "other.example"}).headers["X-Request-ID"]
    assert client.get("/nothing-here/").headers["X-Request-ID"]


def test_task_runs_with_the_id_of_the_request_that_queued_it():
    headers = {"id": "task-id"}
    with use_request_id("req-1"):
        before_task_publish.send(sender="a", headers=headers)
    assert headers["request_id"] == "req-1"
    seen: list[str] = []

    @app.task(name="tests.note_request_id")
    def note():
        seen.append(get_request_id())

    note.apply(headers=headers)
    note.apply(task_id="own-id")
    assert seen == ["req-1", "own-id"]
    assert get_request_id() == ""
