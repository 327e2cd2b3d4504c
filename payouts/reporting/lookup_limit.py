"""Limits how often an affiliate may look up order numbers, so that other orders cannot be guessed (specification 9)."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

HOUR = timedelta(hours=1)


def is_lookup_allowed(*, affiliate_id: UUID, now: datetime) -> bool:
    """Return whether the affiliate may look up one more order in this hour; always True while the cache is down."""
    key = f"order-questions:{affiliate_id}:{now:%Y%m%d%H}"
    limit: int = settings.ORDER_LOOKUPS_PER_HOUR
    try:
        cache.add(key, 0, timeout=int(HOUR.total_seconds()))
        return cache.incr(key) <= limit
    except (RedisError, OSError, ValueError):
        return True
