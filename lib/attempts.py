"""Counters of attempts within a period, kept in the cache for all processes together."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from django.core.cache import cache


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
    cache.delete_many([limit.cache_key for limit in limits])


def _add(limit: AttemptLimit, number: int) -> int:
    cache.add(limit.cache_key, 0, timeout=limit.seconds)
    try:
        total = cache.incr(limit.cache_key, number)
    except ValueError:  # the period ended, or Valkey stopped or returned, between the two calls
        cache.set(limit.cache_key, max(number, 0), timeout=limit.seconds)
        return max(number, 0)
    if total == number:  # without this a counter that ended a moment before `incr` would never end again
        cache.touch(limit.cache_key, limit.seconds)
    return total
