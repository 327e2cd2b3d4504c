"""The rate limit of API keys, counted per minute in Valkey for all processes together."""

import logging
import math
import time
from datetime import datetime
from functools import lru_cache
from threading import Lock
from uuid import UUID

from django.conf import settings
from django.db.models import Model
from redis import Redis
from redis.exceptions import RedisError

WINDOW_SECONDS = 60
# A process reserves this fraction of the limit at a time, so that a busy one calls Valkey once for many requests.
PARTS_PER_LIMIT = 1000
# Orders matter more than the limit: while Valkey is unavailable nothing is counted, and it is retried at this interval.
RETRY_SECONDS = 5.0
TIMEOUT_SECONDS = 0.25

log = logging.getLogger(__name__)


class Limiter:
    """The part of each key's limit that this process has reserved in the current minute."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._granted: dict[UUID, tuple[int, int]] = {}
        self._skip_until = 0.0

    def count_request(self, key: UUID, limit: int, at: float) -> int:
        """Count a request; return 0 if it is allowed, or the seconds to wait."""
        window, elapsed = divmod(at, WINDOW_SECONDS)
        if self._use_granted(key, int(window)) or time.monotonic() < self._skip_until:
            return 0
        part = max(1, limit // PARTS_PER_LIMIT)
        try:
            total = _increment(f"accord:api-requests:{key}:{window:.0f}", part)
        except (RedisError, OSError) as error:
            self._skip_until = time.monotonic() + RETRY_SECONDS
            log.warning("Valkey is unavailable, so API requests are not limited: %s", error)
            return 0
        granted = min(part, limit - (total - part))
        if granted < 1:
            return math.ceil(WINDOW_SECONDS - elapsed)
        self._add_granted(key, int(window), granted - 1)
        return 0

    def _use_granted(self, key: UUID, window: int) -> bool:
        with self._lock:
            granted_window, left = self._granted.get(key, (window, 0))
            if granted_window != window or not left:
                return False
            self._granted[key] = (window, left - 1)
            return True

    def _add_granted(self, key: UUID, window: int, granted: int) -> None:
        with self._lock:
            granted_window, left = self._granted.get(key, (window, 0))
            self._granted[key] = (window, granted + (left if granted_window == window else 0))


_limiter = Limiter()


def count_request(*, key: Model, now: datetime) -> int:
    """Count a request with `key`; return 0 if it is within API_REQUESTS_PER_MINUTE, or the seconds to wait.

    While Valkey is unavailable every request is allowed and a warning is logged.
    """
    limit: int = settings.API_REQUESTS_PER_MINUTE
    return _limiter.count_request(key.pk, limit, now.timestamp()) if limit else 0


def _increment(name: str, number: int) -> int:
    with _get_client(settings.REDIS_URL).pipeline(transaction=False) as pipeline:
        pipeline.incrby(name, number)
        pipeline.expire(name, 2 * WINDOW_SECONDS)
        total, _expires = pipeline.execute()
    return int(total)


@lru_cache(maxsize=2)
def _get_client(address: str) -> Redis:
    return Redis.from_url(address, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=TIMEOUT_SECONDS)
