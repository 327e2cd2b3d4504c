"""Typed access to Celery's signals; apart from `lib.typed`, which needs loaded apps."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def connect(signal: Any) -> Callable[[F], F]:
    """Return a decorator that connects a receiver to a signal of Celery for as long as the process lives."""
    connected: Callable[[F], F] = signal.connect(weak=False)
    return connected
