"""How often one API key may ask (RELIABILITY 3): counted on Valkey by the minute, for all processes together."""

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
# A process asks for so small a part of the limit at a time, so that a busy one asks Valkey once for many requests.
PARTS_PER_LIMIT = 1000
# Orders are worth more than a limit: while Valkey is away nobody is counted, and it is asked again only so often.
RETRY_SECONDS = 5.0
TIMEOUT_SECONDS = 0.25

log = logging.getLogger(__name__)


class Limiter:
    """What this process may still answer of each key's limit in the minute that runs."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._granted: dict[UUID, tuple[int, int]] = {}
        self._skip_until = 0.0

    def count_request(self, key: UUID, most: int, at: float) -> int:
        window, begun = divmod(at, WINDOW_SECONDS)
        if self._use_granted(key, int(window)) or time.monotonic() < self._skip_until:
            return 0
        part = max(1, most // PARTS_PER_LIMIT)
        try:
            asked = _increment(f"accord:api-requests:{key}:{window:.0f}", part)
        except (RedisError, OSError) as error:
            self._skip_until = time.monotonic() + RETRY_SECONDS
            log.warning("Valkey is away, so requests of the API are not limited: %s", error)
            return 0
        granted = min(part, most - (asked - part))
        if granted < 1:
            return math.ceil(WINDOW_SECONDS - begun)
        self._add_granted(key, int(window), granted - 1)
        return 0

    def _use_granted(self, key: UUID, window: int) -> bool:
        with self._lock:
            of, left = self._granted.get(key, (window, 0))
            if of != window or not left:
                return False
            self._granted[key] = (window, left - 1)
            return True

    def _add_granted(self, key: UUID, window: int, granted: int) -> None:
        with self._lock:
            of, left = self._granted.get(key, (window, 0))
            self._granted[key] = (window, granted + (left if of == window else 0))


_limiter = Limiter()


def count_request(*, key: Model, now: datetime) -> int:
    """Count one request with `key`; 0 if it is within API_REQUESTS_PER_MINUTE, else in how many seconds to ask again.

    While Valkey is away every request is within, and the log says so.
    """
    most: int = settings.API_REQUESTS_PER_MINUTE
    return _limiter.count_request(key.pk, most, now.timestamp()) if most else 0


def _increment(name: str, number: int) -> int:
    with _get_client(settings.REDIS_URL).pipeline(transaction=False) as both:
        both.incrby(name, number)
        both.expire(name, 2 * WINDOW_SECONDS)
        asked, _kept = both.execute()
    return int(asked)


@lru_cache(maxsize=2)
def _get_client(address: str) -> Redis:
    return Redis.from_url(address, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=TIMEOUT_SECONDS)
