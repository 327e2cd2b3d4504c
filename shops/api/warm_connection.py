"""A connection that others have used before, for work that is all overhead on a fresh one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from select import POLLIN, poll
from threading import Lock
from time import monotonic

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# So long after its last use a connection on which nothing has come since is believed to be alive without asking the
# server, which costs a single order as much as one of its statements.
ALIVE_SECONDS = 1.0

_lock = Lock()
_idle: list[tuple[BaseDatabaseWrapper, float]] = []  # with the moment since when
# A forked process must not talk over the connections of its parent.
os.register_at_fork(after_in_child=_idle.clear)


@contextmanager
def use_warm_connection() -> Iterator[None]:
    """Let this thread use the connection that was last given back here instead of its own, which is left as it is.

    A server has many threads, each with a connection of its own, and what a connection knows of tables, triggers and
    functions it learns at its first use of each: of sixty-four that take turns, all are forever learning. Within a
    transaction the thread keeps its own.
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
            warm.health_check_done = True  # type: ignore[attr-defined]  # Django has it, its stubs do not
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = own
        with _lock:
            _idle.append((warm, monotonic()))


def _is_silent(warm: BaseDatabaseWrapper) -> bool:
    """Whether the server has said nothing since it was last asked; when it ends a connection, it says so."""
    if warm.connection is None or warm.connection.closed:
        return False
    ears = poll()
    ears.register(warm.connection.fileno(), POLLIN)
    return not ears.poll(0)


def _create_connection() -> BaseDatabaseWrapper:
    made: BaseDatabaseWrapper = connections.create_connection(DEFAULT_DB_ALIAS)
    made.inc_thread_sharing()
    return made
