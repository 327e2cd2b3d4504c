"""A connection that others have used before, for work that is all overhead on a fresh one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_lock = Lock()
_idle: list[BaseDatabaseWrapper] = []
# A forked process must not talk over the connections of its parent.
os.register_at_fork(after_in_child=_idle.clear)


@contextmanager
def warm_connection() -> Iterator[None]:
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
        warm = _idle.pop() if _idle else _made()
    connections[DEFAULT_DB_ALIAS] = warm
    try:
        warm.close_if_unusable_or_obsolete()
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = own
        with _lock:
            _idle.append(warm)


def _made() -> BaseDatabaseWrapper:
    made: BaseDatabaseWrapper = connections.create_connection(DEFAULT_DB_ALIAS)
    made.inc_thread_sharing()
    return made
