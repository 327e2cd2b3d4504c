"""The last delivery whose signature was refused, for the page of its connection (specification 11).

Nothing of a refused delivery is stored: only when it came and why it was refused, in the cache, which may lose it.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.core.cache import cache
from redis.exceptions import RedisError

from shops.models import Connection

KEEP = timedelta(days=7)


class SignatureFailure(NamedTuple):
    at: datetime
    cause: str


def note_failure(connection: Connection, cause: str, *, now: datetime) -> None:
    try:
        cache.set(_build_key(connection.pk), (now, cause), timeout=int(KEEP.total_seconds()))
    except (RedisError, OSError):
        return


def find_failure(connection: Connection) -> SignatureFailure | None:
    """Return the last failure, unless a signed event arrived after it."""
    try:
        found = cache.get(_build_key(connection.pk))
    except (RedisError, OSError):
        return None
    failure = SignatureFailure(*found) if found else None
    if failure and connection.events.filter(received_at__gt=failure.at).exists():
        return None
    return failure


def _build_key(pk: UUID) -> str:
    return f"shops:signature:{pk}"
