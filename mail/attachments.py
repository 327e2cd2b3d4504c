"""Makers of attachments, named by the rooms above: a message keeps the name and a key, the file is made when it is sent."""

from collections.abc import Callable
from typing import NamedTuple


class Attachment(NamedTuple):
    name: str
    content: bytes
    content_type: str


Maker = Callable[[str], Attachment]
_makers: dict[str, Maker] = {}


def register(name: str, maker: Maker) -> None:
    """Offer `maker` under `name`; called by a room's AppConfig when it is ready."""
    _makers[name] = maker


def make(name: str, key: str) -> Attachment:
    """The attachment `name` for `key`; KeyError for a name that no room has registered."""
    return _makers[name](key)
