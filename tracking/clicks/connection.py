"""The PostgreSQL connection of the thread that writes clicks. Django's connections belong to requests."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

import psycopg
from django.db import connection
from psycopg import generators, pq
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
_LIMIT: Final = f"SET LOCAL statement_timeout = '{_STATEMENT_SECONDS}s'"
_BEGIN: Final = f"BEGIN; {_LIMIT}"
# More at once may not fit into the buffer of the connection.
_PIECE_BYTES = 128 * 1024
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

    def copy(self, statement: bytes, lines: bytes) -> None:
        """Run statements, the last of which copies `lines` into a table, in a transaction with the limits of the others.

        Takes two trips to the server, where a transaction with a cursor takes four.
        """
        self.wait(_send_copy(self.pgconn, b"%s; %s" % (_LIMIT.encode(), statement), lines))


def _send_copy(server: pq.abc.PGconn, statements: bytes, lines: bytes) -> PQGen[None]:
    """Send statements, which the server runs in one transaction because they arrive together, and the lines to copy."""
    server.send_query(statements)
    last = (yield from generators.execute(server))[-1]
    if last.status != pq.ExecStatus.COPY_IN:
        raise psycopg.errors.error_from_result(last)
    for start in range(0, len(lines), _PIECE_BYTES):
        yield from generators.copy_to(server, lines[start : start + _PIECE_BYTES])
    yield from generators.copy_end(server, None)


def connect() -> TimeoutConnection:
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
