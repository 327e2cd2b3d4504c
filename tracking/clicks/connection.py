"""The PostgreSQL connection of the thread that writes clicks. Django's connections belong to requests."""

from typing import Any, TypeVar

import psycopg
from django.db import connection
from psycopg.abc import PQGen

# In seconds, but tcp_user_timeout in milliseconds.
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
    """A connection that gives up on a server which accepts a statement and never answers.

    `statement_timeout` does not help there, because the server enforces it.
    """

    def wait(self, gen: PQGen[T], interval: float = 0.5, timeout: float | None = None) -> T:
        """Wait as the parent class does, but close the connection after `timeout` seconds."""
        try:
            return super().wait(gen, interval, timeout or _STATEMENT_SECONDS + 1)
        except psycopg.OperationalError:
            self.pgconn.finish()
            raise


def connect() -> psycopg.Connection[Any]:
    """Return a new connection in autocommit mode. Raises within seconds if there is no database."""
    configured = connection.settings_dict
    options = {name: value for name, value in configured.get("OPTIONS", {}).items() if name not in _PYTHON_ONLY}
    target = {
        "dbname": configured["NAME"],
        "user": configured["USER"],
        "password": configured["PASSWORD"],
        "host": configured["HOST"],
        "port": configured["PORT"],
    }
    target = {name: value for name, value in target.items() if value}
    own = TimeoutConnection.connect(autocommit=True, **(options | target | _TIMEOUT_OPTIONS))
    own.execute(f"SET statement_timeout = '{_STATEMENT_SECONDS}s'")
    return own
