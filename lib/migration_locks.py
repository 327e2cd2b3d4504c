"""A limit of the time that a migration waits for a lock.

A statement that waits for a lock on a table keeps everyone else from it: a migration behind a long query would stop the portal.
"""

from typing import Any

from django.conf import settings
from django.db import connections


def limit_waiting(*, using: str, **_signal: Any) -> None:
    """Have migrations give up a lock that they do not get within MIGRATION_LOCK_SECONDS."""
    _set_limit(using, f"{settings.MIGRATION_LOCK_SECONDS}s")


def end_limit(*, using: str, **_signal: Any) -> None:
    """Remove the limit of `limit_waiting` from the connection."""
    _set_limit(using, "0")


def _set_limit(using: str, limit: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [limit])
