"""The cache: Valkey, or the memory of this process while Valkey is unavailable, so that sign-in needs no Valkey."""

import logging
import time
from collections.abc import Callable
from typing import Any, cast

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

# How long Valkey is not tried again after a failure: a sign-in makes many calls, each of which would wait.
RETRY_SECONDS = 5.0

log = logging.getLogger(__name__)


class Outage:
    """Whether Valkey was unavailable a moment ago, for all threads of this process."""

    def __init__(self) -> None:
        self._until = 0.0

    def is_under_way(self) -> bool:
        return time.monotonic() < self._until

    def begin(self, error: Exception) -> None:
        self._until = time.monotonic() + RETRY_SECONDS
        log.warning("Valkey is unavailable, so each process keeps its own cache: %s", error)

    def end(self) -> None:
        self._until = 0.0


outage = Outage()


class FallbackCache(RedisCache):
    """Valkey's cache. While Valkey is unavailable each process counts and remembers for itself.

    Limits are then as many times higher as there are processes; nothing is refused because of the outage.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        # LocMemCache shares the entries of one name among all threads of the process.
        self._memory = LocMemCache("valkey-fallback", {**params, "OPTIONS": {}})

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if not outage.is_under_way():
            try:
                return cast("Callable[..., Any]", getattr(super(), name))(*args, **kwargs)
            except (RedisConnectionError, RedisTimeoutError, OSError) as error:
                outage.begin(error)
        return getattr(self._memory, name)(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("add", *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._call("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._call("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("touch", *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("delete", *args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(self._call("get_many", *args, **kwargs))

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        return list(self._call("set_many", *args, **kwargs))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._call("delete_many", *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("has_key", *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return int(self._call("incr", *args, **kwargs))

    def clear(self) -> None:
        self._memory.clear()
        self._call("clear")
