"""LOG_LEVEL and LOG_FORMAT (specification 12)."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import observability
from config.celery import app

ROOT = Path(__file__).parents[2]


def test_worker_and_beat_keep_the_level_of_the_settings(monkeypatch):
    monkeypatch.setattr(app.log, "already_setup", False)
    level, handlers = logging.root.level, list(logging.root.handlers)
    try:
        app.log.setup_logging_subsystem(loglevel="DEBUG")
        assert logging.root.level == logging.getLevelName(observability.LOG_LEVEL)
    finally:
        logging.root.handlers = handlers
        logging.root.setLevel(level)


def test_debug_silences_no_logger():
    assert set(observability.build_logging("DEBUG", "text")["loggers"]) == {"django"}
    assert "celery.beat" in observability.build_logging("INFO", "json")["loggers"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_NETWORKS", "10.0.0.0/33"),
        ("WORKER_METRICS_ADDRESS", "9102"),
        ("SENTRY_DSN", "nonsense"),
    ],
)
def test_bad_value_stops_the_start_and_is_named(name, value):
    environment = os.environ | {"DATABASE_URL": "postgres://a@127.0.0.1:1/a", "REDIS_URL": "redis://127.0.0.1:1/0"}
    ended = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=ROOT,
        env=environment | {name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert f"{name} must be" in ended.stderr
    assert value in ended.stderr
