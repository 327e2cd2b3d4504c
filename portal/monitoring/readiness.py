"""Whether the stores can be used and the database has the schema of this release (specification 12)."""

import logging
import threading
import time
from functools import cache
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from redis.exceptions import RedisError

from tracking.clicks.connection import connect

# Anyone may ask, so a result is good for this long, and at most one thread of a process looks.
RESULT_SECONDS = 1.0
CACHE_SECONDS = 1.0
OK, UNAVAILABLE, UNKNOWN = "ok", "unavailable", "unknown"

log = logging.getLogger(__name__)
Results = dict[str, str]


class Readiness:
    """The latest results of the checks, one word or sentence for each."""

    def __init__(self) -> None:
        self._checking = threading.Lock()
        self._checked_at: float | None = None
        self._results: Results = {"database": UNKNOWN, "migrations": UNKNOWN, "cache": UNKNOWN}

    def get_results(self) -> Results:
        """Return the results, renewed if they are older than a second and no other thread is at it."""
        if self._checking.acquire(blocking=self._checked_at is None):
            try:
                if self._checked_at is None or time.monotonic() - self._checked_at > RESULT_SECONDS:
                    self._results = {**check_database(), "cache": check_cache()}
                    self._checked_at = time.monotonic()
            finally:
                self._checking.release()
        return self._results


readiness = Readiness()


def is_ready(results: Results) -> bool:
    return set(results.values()) == {OK}


def check_database() -> Results:
    """Look at the database through a connection of its own, which gives up within seconds."""
    try:
        with connect() as connection:
            missing = list_shipped_migrations() - _list_applied_migrations(connection)
    except psycopg.Error as error:
        log.warning("PostgreSQL is unavailable: %s", error)
        return {"database": UNAVAILABLE, "migrations": UNKNOWN}
    return {"database": OK, "migrations": f"{len(missing)} not applied" if missing else OK}


def check_cache() -> str:
    """Look at Valkey itself; the cache of Django has a fallback."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=CACHE_SECONDS, socket_timeout=CACHE_SECONDS
    )
    try:
        client.ping()
    except (RedisError, OSError) as error:
        log.warning("Valkey is unavailable: %s", error)
        return UNAVAILABLE
    finally:
        client.close()
    return OK


@cache
def list_shipped_migrations() -> frozenset[tuple[str, str]]:
    """Return (app, name) of every migration of this release."""
    return frozenset(MigrationLoader(None).graph.nodes)


def _list_applied_migrations(connection: psycopg.Connection[Any]) -> set[tuple[str, str]]:
    if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
        return set()
    return set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
