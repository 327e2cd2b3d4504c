"""Values that several parts of a page need and that are read once a request."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_values: ContextVar[dict[Hashable, Any] | None] = ContextVar("request_values", default=None)


@contextmanager
def share_values() -> Iterator[None]:
    """Keep what functions with `read_once` return until the end of the block, which must not change it."""
    token = _values.set({})
    try:
        yield
    finally:
        _values.reset(token)


def is_sharing() -> bool:
    """Return whether values are kept now."""
    return _values.get() is not None


def read_once(function: Callable[P, R]) -> Callable[P, R]:
    """Call `function` once for each set of arguments within `share_values`; outside of it, each time."""

    @wraps(function)
    def read(*args: P.args, **kwargs: P.kwargs) -> R:
        values = _values.get()
        if values is None:
            return function(*args, **kwargs)
        key = (function, args, tuple(sorted(kwargs.items())))
        if key not in values:
            values[key] = function(*args, **kwargs)
        kept: R = values[key]
        return kept

    return read
