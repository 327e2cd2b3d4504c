"""The redirect's own connection to PostgreSQL: Django's belongs to a request, this one to the thread that writes."""

from typing import Any, TypeVar

import psycopg
from django.db import connection
from psycopg.abc import PQGen

# libpq counts in whole seconds, and in milliseconds where it says so.
_TIMEOUT_OPTIONS: dict[str, Any] = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "accord clicks",
}
_STATEMENT_SECONDS = 5
_PYTHON_ONLY = {"pool", "isolation_level", "server_side_binding", "assume_role"}

T = TypeVar("T")


class TimeoutConnection(psycopg.Connection[Any]):
    """Gives up on a server that takes a statement and never answers: a limit that the server keeps can't help there."""

    def wait(self, gen: PQGen[T], interval: float = 0.5, timeout: float | None = None) -> T:
        """As its parent's, for so many seconds at most; then the connection is closed."""
        try:
            return super().wait(gen, interval, timeout or _STATEMENT_SECONDS + 1)
        except psycopg.OperationalError:
            self.pgconn.finish()
            raise


def connect() -> psycopg.Connection[Any]:
    """A new connection that commits each statement by itself; an error within seconds where there is no database."""
    named = connection.settings_dict
    options = {name: value for name, value in named.get("OPTIONS", {}).items() if name not in _PYTHON_ONLY}
    where = {
        "dbname": named["NAME"],
        "user": named["USER"],
        "password": named["PASSWORD"],
        "host": named["HOST"],
        "port": named["PORT"],
    }
    given = {name: value for name, value in where.items() if value}
    connected = TimeoutConnection.connect(autocommit=True, **(options | given | _TIMEOUT_OPTIONS))
    connected.execute(f"SET statement_timeout = '{_STATEMENT_SECONDS}s'")
    return connected
