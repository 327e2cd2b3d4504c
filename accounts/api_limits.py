"""How often one API key may ask (RELIABILITY 3): counted on Valkey by the minute, for all processes together."""

import logging
import math
import time
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from accounts.models import ApiKey

WINDOW_SECONDS = 60
# Orders are worth more than a limit: while Valkey is away nobody is counted, and it is asked again only so often.
SECONDS_WITHOUT_COUNTING = 5.0
PATIENCE_SECONDS = 0.25

log = logging.getLogger(__name__)
_away_until = 0.0


def seconds_to_wait(*, key: ApiKey, now: datetime) -> int:
    """Count one request with `key`; 0 if it is within API_REQUESTS_PER_MINUTE, else in how many seconds to ask again.

    While Valkey is away every request is within, and the log says so.
    """
    global _away_until  # noqa: PLW0603 -- one store, one memory of it a process
    most: int = settings.API_REQUESTS_PER_MINUTE
    if not most or time.monotonic() < _away_until:
        return 0
    window, begun = divmod(now.timestamp(), WINDOW_SECONDS)
    try:
        asked = _count(f"accord:api-requests:{key.pk}:{window:.0f}")
    except (RedisError, OSError) as error:
        _away_until = time.monotonic() + SECONDS_WITHOUT_COUNTING
        log.warning("Valkey is away, so requests of the API are not limited: %s", error)
        return 0
    return 0 if asked <= most else math.ceil(WINDOW_SECONDS - begun)


def _count(name: str) -> int:
    with _store(settings.REDIS_URL).pipeline(transaction=False) as both:
        both.incr(name)
        both.expire(name, 2 * WINDOW_SECONDS)
        asked, _kept = both.execute()
    return int(asked)


@lru_cache(maxsize=2)
def _store(address: str) -> Redis:
    return Redis.from_url(address, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS)
