"""Counters of attempts within a period, for all processes together: in Valkey, or in the database while it is unavailable.

When an outage begins or ends, counting starts at zero.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from django.core.cache import cache
from django.db import connection

from accounts.models import AttemptCounter
from lib import fallback_cache

_ADD = """
    INSERT INTO accounts_attemptcounter AS known (key, count, ends_at)
    VALUES (%(key)s, greatest(%(number)s, 0), clock_timestamp() + %(seconds)s * interval '1 second')
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN known.ends_at > clock_timestamp() THEN known.count + %(number)s ELSE excluded.count END,
        ends_at = CASE WHEN known.ends_at > clock_timestamp() THEN known.ends_at ELSE excluded.ends_at END
    RETURNING count
"""
# Those of an earlier outage. A row that is being counted on is left to its transaction.
_DELETE_OLD = """
    DELETE FROM accounts_attemptcounter WHERE key IN (
        SELECT key FROM accounts_attemptcounter WHERE ends_at < clock_timestamp() - interval '1 day'
        FOR UPDATE SKIP LOCKED
    )
"""


class AttemptLimit(NamedTuple):
    """At most `amount` attempts of `key` in `seconds` from the first one."""

    key: str
    amount: int
    seconds: int

    @property
    def cache_key(self) -> str:
        """Hashed, because keys hold what people typed: any length, any character, personal data."""
        return f"attempts:{hashlib.sha256(f'{self.seconds}:{self.key}'.encode(errors='replace')).hexdigest()}"


def reserve_attempt(limits: Sequence[AttemptLimit]) -> bool:
    """Count one attempt against all `limits`; return False and count nothing if any of them is reached.

    Counting comes before the attempt, so that simultaneous attempts cannot pass a limit together. An attempt that
    succeeds is taken back with `release_attempt`.
    """
    reserved = []
    for limit in limits:
        reserved.append(limit)
        if _add(limit, 1) > limit.amount:
            release_attempt(reserved)
            return False
    return True


def release_attempt(limits: Sequence[AttemptLimit]) -> None:
    """Take back an attempt that `reserve_attempt` counted."""
    for limit in limits:
        _add(limit, -1)


def forget_attempts(limits: Sequence[AttemptLimit]) -> None:
    """Set the counters of `limits` back to zero."""
    keys = [limit.cache_key for limit in limits]
    cache.delete_many(keys)
    AttemptCounter.objects.filter(pk__in=keys).delete()


def _add(limit: AttemptLimit, number: int) -> int:
    cache.add(limit.cache_key, 0, timeout=limit.seconds)
    if fallback_cache.outage.is_under_way():
        return _add_in_database(limit, number)
    try:
        total = cache.incr(limit.cache_key, number)
    except ValueError:  # the period ended, or Valkey stopped or returned, between the two calls
        cache.set(limit.cache_key, max(number, 0), timeout=limit.seconds)
        return max(number, 0)
    if total == number:  # without this a counter that ended a moment before `incr` would never end again
        cache.touch(limit.cache_key, limit.seconds)
    return total


def _add_in_database(limit: AttemptLimit, number: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_DELETE_OLD)
        cursor.execute(_ADD, {"key": limit.cache_key, "number": number, "seconds": limit.seconds})
        [total] = cursor.fetchone()
        return int(total)
