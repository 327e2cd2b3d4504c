"""Database connections shared between threads, for short work that would be all overhead on a fresh connection."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from select import POLLIN, poll
from threading import Lock
from time import monotonic

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# For so long after its last use, a connection on which the server has sent nothing is assumed alive without a query,
# which would cost a single order as much as one of its statements.
ALIVE_SECONDS = 1.0

_lock = Lock()
_idle: list[tuple[BaseDatabaseWrapper, float]] = []  # with the time of last use
# A forked process must not use its parent's connections.
os.register_at_fork(after_in_child=_idle.clear)


@contextmanager
def use_warm_connection() -> Iterator[None]:
    """Let this thread use the connection that was returned here last instead of its own, which stays unchanged.

    PostgreSQL caches tables, triggers and functions per connection. If each of 64 threads used its own connection in
    turn, their caches would stay cold. Within a transaction the thread keeps its own connection.
    """
    own = connections[DEFAULT_DB_ALIAS]
    if own.in_atomic_block:
        yield
        return
    with _lock:
        warm, since = _idle.pop() if _idle else (_create_connection(), 0.0)
    connections[DEFAULT_DB_ALIAS] = warm
    try:
        warm.close_if_unusable_or_obsolete()
        if monotonic() - since < ALIVE_SECONDS and _is_silent(warm):
            vars(warm)["health_check_done"] = True  # an attribute that Django's stubs lack
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = own
        with _lock:
            _idle.append((warm, monotonic()))


def _is_silent(warm: BaseDatabaseWrapper) -> bool:
    """Return whether the server has sent nothing since the last query; it sends a message before it disconnects."""
    if warm.connection is None or warm.connection.closed:
        return False
    poller = poll()
    poller.register(warm.connection.fileno(), POLLIN)
    return not poller.poll(0)


def _create_connection() -> BaseDatabaseWrapper:
    connection: BaseDatabaseWrapper = connections.create_connection(DEFAULT_DB_ALIAS)
    connection.inc_thread_sharing()
    # With DEBUG, Django would keep the text of every statement, which no page shows and nothing ever clears here.
    vars(connection)["make_debug_cursor"] = connection.make_cursor
    return connection
