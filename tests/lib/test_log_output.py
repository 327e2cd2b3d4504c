"""Log records as they are written (specification 12)."""

import io
import json
import logging

import pytest
from celery.beat import SchedulingError
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from lib import log_output
from lib.log_output import Formatter, RepeatFilter, RequestIdFilter
from lib.request_id import use_request_id


@pytest.fixture
def output():
    return io.StringIO()


@pytest.fixture
def log(output):
    handler = logging.StreamHandler(output)
    handler.setFormatter(Formatter())
    handler.addFilter(RequestIdFilter())
    handler.addFilter(RepeatFilter())
    logger = logging.getLogger("accord.test")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)


def read_lines(output):
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_record_is_one_json_object_with_request_id_and_extra_fields(log, output):
    with use_request_id("abc-1"):
        log.info("Zoë's %s\nwas paid", "order", extra={"status": 200})
    (line,) = read_lines(output)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "accord.test",
        "message": "Zoë's order\nwas paid",
        "request_id": "abc-1",
        "status": 200,
    }


def test_unexpected_error_keeps_its_traceback(log, output):
    for _ in range(2):
        try:
            raise ValueError("odd")
        except ValueError:
            log.exception("Something failed")
    assert ["ValueError: odd" in line["exc_info"] for line in read_lines(output)] == [True, True]


@pytest.mark.parametrize("error", [OperationalError("gone"), RedisConnectionError("gone"), SchedulingError("gone")])
def test_absent_store_is_reported_once_a_minute_in_one_line(log, output, error, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("lib.log_output.time.monotonic", lambda: now)
    for _ in range(40):
        log.error("Message Error: %s\n%s", error, "a stack", exc_info=(type(error), error, None))
    log.warning("another message: %s", error)
    now += log_output.REPEAT_SECONDS
    log.error("Message Error: %s\n%s", error, "a stack")
    assert [line["message"] for line in read_lines(output)] == [
        "Message Error: gone",
        "another message: gone",
        "Message Error: gone (39 more like this since the last one)",
    ]
    assert "exc_info" not in output.getvalue()


def test_refused_requests_are_reported_once_a_minute_without_traceback(output, log, monkeypatch):
    monkeypatch.setattr(log, "name", "django.security.DisallowedHost")
    for number in range(5):
        log.error("Invalid HTTP_HOST header: %r", f"bad{number}", exc_info=(ValueError, ValueError(), None))
    assert [line["message"] for line in read_lines(output)] == ["Invalid HTTP_HOST header: 'bad0'"]


def test_other_messages_are_never_hidden(log, output):
    for _ in range(3):
        log.warning("E-mail was not sent")
    assert len(read_lines(output)) == 3
