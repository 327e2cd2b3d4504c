"""The PostgreSQL connection of the thread that writes clicks. Django's connections belong to requests."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

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
_BEGIN: Final = f"BEGIN; SET LOCAL statement_timeout = '{_STATEMENT_SECONDS}s'"
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
    # A pooler in transaction mode may run the next transaction on a connection that has not prepared its statements.
    return TimeoutConnection.connect(autocommit=True, prepare_threshold=None, **(options | target | _TIMEOUT_OPTIONS))


@contextmanager
def limited_transaction(own: psycopg.Connection[Any]) -> Iterator[psycopg.Cursor[Any]]:
    """Run a transaction whose statements the server ends after five seconds.

    The limit ends with it: behind a pooler in transaction mode others get this connection of the server next.
    """
    own.execute(_BEGIN)  # one trip, where `transaction` and a SET would take two
    try:
        with own.cursor() as cursor:
            yield cursor
    except BaseException:
        with suppress(psycopg.Error):
            own.execute("ROLLBACK")
        raise
    own.execute("COMMIT")
