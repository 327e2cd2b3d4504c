"""Attachments, which apps register by name. A message stores the name and a key; the file is made on sending."""

from collections.abc import Callable
from typing import NamedTuple


class Attachment(NamedTuple):
    name: str
    content: bytes
    content_type: str


Maker = Callable[[str], Attachment]
_makers: dict[str, Maker] = {}


def register(name: str, maker: Maker) -> None:
    """Register `maker` under `name`. Called by the AppConfig of the app that makes the attachment."""
    _makers[name] = maker


def make(name: str, key: str) -> Attachment:
    """Return the attachment `name` for `key`. Raises KeyError if the name is not registered."""
    return _makers[name](key)
