"""A click id is a signed receipt: it carries the link and the time, so that an order finds its affiliate even where the
record of the click itself was lost (CONTRACT 4)."""

import base64
import hashlib
import hmac
import random
import re
import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

# Version, link, milliseconds since 1970, nonce. With the code that follows it is 57 bytes, a multiple of three: the text
# has no spare bits, so that no second spelling of a click id reads as the same one.
_PAYLOAD = struct.Struct(">B16sQ16s")
_VERSION = 1
_CODE_BYTES = 16
_LENGTH = (_PAYLOAD.size + _CODE_BYTES) * 4 // 3
_TEXT = re.compile(rf"[A-Za-z0-9_-]{{{_LENGTH}}}")
# The link that a text of this form names, genuine or not, as an expression of the database; NULL for any other text.
LINK_IN_SQL = (
    f"CASE WHEN {{text}} ~ '^[A-Za-z0-9_-]{{{{{_LENGTH}}}}}$'"
    " THEN encode(substring(decode(translate({text}, '-_', '+/'), 'base64') from 2 for 16), 'hex')::uuid END"
)
# The nonce of a genuine click id, as an expression of the database.
NONCE_IN_SQL = "encode(substring(decode(translate(%(expressions)s, '-_', '+/'), 'base64') from 26 for 16), 'hex')::uuid"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class ClickToken(NamedTuple):
    """What a genuine click id says; `nonce` is the id of the click's own row."""

    link_id: UUID
    at: datetime
    nonce: UUID


def sign_click_id(link_id: UUID, at: datetime, nonce: UUID | None = None) -> str:
    """A click id of 76 URL-safe characters for a click on the link at `at`, kept to the millisecond (CONTRACT 4).

    Without a `nonce` it gets one of its own.
    """
    payload = _PAYLOAD.pack(_VERSION, link_id.bytes, (at - _EPOCH) // _MILLISECOND, (nonce or generate_nonce(at)).bytes)
    return base64.urlsafe_b64encode(payload + _compute_mac(settings.CLICK_ID_KEYS[0], payload)).decode("ascii")


def verify_click_id(text: object) -> ClickToken | None:
    """What `text` says if this installation signed it under one of its keys; None for anything else, never an error."""
    if not isinstance(text, str) or not _TEXT.fullmatch(text):
        return None
    signed = base64.urlsafe_b64decode(text)
    payload, code = signed[: _PAYLOAD.size], signed[_PAYLOAD.size :]
    # Every key is tried, so that the time taken says nothing of which one fits.
    if not any([hmac.compare_digest(code, _compute_mac(key, payload)) for key in settings.CLICK_ID_KEYS]):  # noqa: C419
        return None
    version, link, milliseconds, nonce = _PAYLOAD.unpack(payload)
    if version != _VERSION:
        return None
    return ClickToken(UUID(bytes=link), _EPOCH + milliseconds * _MILLISECOND, UUID(bytes=nonce))


def extract_link_id(text: str) -> UUID | None:
    """The link that `text` names if it has the form of a click id, whether or not it is genuine: proof of nothing."""
    return UUID(bytes=base64.urlsafe_b64decode(text)[1:17]) if _TEXT.fullmatch(text) else None


def generate_nonce(at: datetime) -> UUID:
    """A nonce for a click at `at`: a UUID of version 7, so that the rows of clicks stay in order of time.

    It has to be unique, not secret: the code behind it is what nobody can forge.
    """
    value = (at - _EPOCH) // _MILLISECOND << 80 | random.getrandbits(80)
    return UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def _compute_mac(key: str, payload: bytes) -> bytes:
    # A copy of a begun one, because the one-shot functions let other threads in at each click: a redirect in a process
    # of many threads takes three times as long with them.
    begun = _start_mac(key).copy()
    begun.update(payload)
    return begun.digest()[:_CODE_BYTES]


@lru_cache(maxsize=16)
def _start_mac(key: str) -> hmac.HMAC:
    return hmac.new(key.encode(), b"accord click id:", hashlib.sha256)
