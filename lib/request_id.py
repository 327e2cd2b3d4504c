"""The id of the request that is being answered, or of the task that runs; it is in every line of the log."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}", re.ASCII)

_current: ContextVar[str] = ContextVar("request_id", default="")


def get_request_id() -> str:
    """Return the id, or "" outside of requests and tasks."""
    return _current.get()


@contextmanager
def use_request_id(given: str) -> Iterator[str]:
    """Use the id that a proxy or a sender gave, or a new one if that is not sane, until the end of the block."""
    request_id = given if _SANE.fullmatch(given) else uuid4().hex
    token = _current.set(request_id)
    try:
        yield request_id
    finally:
        _current.reset(token)
