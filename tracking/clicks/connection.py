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
    # Statements that are prepared once belong to a session, which a pooler shares.
    arguments = options | target | _TIMEOUT_OPTIONS | {"autocommit": True, "prepare_threshold": None}
    limit = f"{options.get('options', '')} -c statement_timeout={_STATEMENT_SECONDS}s".strip()
    try:
        return TimeoutConnection.connect(**(arguments | {"options": limit}))
    except psycopg.OperationalError as error:
        # A pooler may refuse it. SET would limit the other users of the shared session, so only `wait` limits here.
        if "unsupported startup parameter" not in str(error):
            raise
        return TimeoutConnection.connect(**arguments)
