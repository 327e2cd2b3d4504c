"""How log records are written: as JSON or text, with the request id, and without a flood while a store is away."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
from celery.beat import SchedulingError
from django.db import InterfaceError, OperationalError
from kombu.exceptions import OperationalError as BrokerError
from pythonjsonlogger.json import JsonFormatter
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from lib.request_id import get_request_id

REPEAT_SECONDS = 60.0
STORE_ERRORS = (
    *(OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError),
    *(RedisConnectionError, RedisTimeoutError, BrokerError, SchedulingError),
)
# Requests that Django refuses, such as those with an unknown Host: the client's fault, so no traceback.
REFUSED_PREFIX = "django.security."


class RequestIdFilter(logging.Filter):
    """Adds the request id to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = get_request_id() or "-"
        return True


class RepeatFilter(logging.Filter):
    """Lets a message about an absent store or a refused request pass once a minute, as one line without traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        is_refusal = record.name.startswith(REFUSED_PREFIX)
        if not is_refusal:
            if not is_about_store(record):
                return True
            record.store_is_away = True
        key = (record.name, record.levelno, "" if is_refusal else str(record.msg))
        hidden = self._count_hidden(key, time.monotonic())
        if hidden is None:
            return False
        text = record.getMessage().partition("\n")[0].strip()
        record.msg = f"{text} ({hidden} more like this since the last one)" if hidden else text
        record.args = record.exc_info = record.exc_text = record.stack_info = None
        return True

    def _count_hidden(self, key: tuple[str, int, str], now: float) -> int | None:
        """Return how many messages were hidden since the last one; None if this one is to be hidden."""
        with self._lock:
            shown_at, hidden = self._seen.get(key, (-REPEAT_SECONDS, 0))
            if now - shown_at < REPEAT_SECONDS:
                self._seen[key] = (shown_at, hidden + 1)
                return None
            self._seen[key] = (now, 0)
            return hidden


def is_about_store(record: logging.LogRecord) -> bool:
    """Return whether the record reports that PostgreSQL or Valkey is unavailable."""
    if getattr(record, "store_is_away", False):
        return True
    return record.levelno >= logging.WARNING and any(isinstance(error, STORE_ERRORS) for error in _list_errors(record))


def _list_errors(record: logging.LogRecord) -> Iterator[object]:
    if record.exc_info and record.exc_info[1] is not None:
        yield record.exc_info[1]
    if isinstance(record.args, tuple):
        yield from record.args


class Formatter(JsonFormatter):
    """One JSON object a line; the time is in UTC."""

    def __init__(self) -> None:
        super().__init__(
            "{levelname}{name}{message}{request_id}",
            style="{",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            json_ensure_ascii=False,
        )

    def add_fields(self, log_record: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_record, record, message_dict)
        log_record["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
