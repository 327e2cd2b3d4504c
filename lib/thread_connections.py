"""Close the database connections of a thread when it ends.

The server ends idle threads. Django's object for a connection refers to itself, so without this the connection would stay
open until the next full garbage collection, which may be hours away (config/wsgi.py).
"""

import threading
from contextlib import suppress
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


class _Opened:
    """The open connections of one thread, which drops this object when it ends."""

    def __init__(self) -> None:
        self.by_alias: dict[str, Any] = {}

    def __del__(self) -> None:
        for opened in self.by_alias.values():
            with suppress(Exception):
                opened.close()


_thread = threading.local()


def close_connections_with_threads() -> None:
    """Have every connection closed that is opened from now on, when its thread ends."""
    connection_created.connect(_remember, dispatch_uid="thread_connections")


def _remember(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    if not hasattr(_thread, "opened"):
        _thread.opened = _Opened()
    _thread.opened.by_alias[connection.alias] = connection.connection
