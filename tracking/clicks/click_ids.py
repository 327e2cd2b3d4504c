"""Click ids: signed click tokens (specification 4).

A click id carries the link and the time, so that an order finds its affiliate even if the row of the click was lost.
"""

import base64
import random
import re
import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hmac import compare_digest
from typing import NamedTuple
from urllib.parse import unquote
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from django.conf import settings

from lib.text import clean_code

# Version, link, milliseconds since 1970, nonce. With the MAC that follows it has 57 bytes, a multiple of three, so that
# the base64 text has no spare bits and every click id has exactly one spelling.
_PAYLOAD = struct.Struct(">B16sQ16s")
_VERSION = 1
_MAC_BYTES = 16
_LENGTH = (_PAYLOAD.size + _MAC_BYTES) * 4 // 3
_TEXT = re.compile(rf"[A-Za-z0-9_-]{{{_LENGTH}}}")
# A click id within a longer text. It begins with the version, which excludes most tokens of others.
_TEXT_WITHIN = re.compile(rf"(?<![A-Za-z0-9_-])A[Q-Za-f][A-Za-z0-9_-]{{{_LENGTH - 2}}}(?![A-Za-z0-9_-])")
# SQL: the link named by a text in the form of a click id, genuine or not; NULL for any other text.
LINK_IN_SQL = (
    f"CASE WHEN {{text}} ~ '^[A-Za-z0-9_-]{{{{{_LENGTH}}}}}$'"
    " THEN encode(substring(decode(translate({text}, '-_', '+/'), 'base64') from 2 for 16), 'hex')::uuid END"
)
# SQL: the nonce of a genuine click id.
NONCE_IN_SQL = "encode(substring(decode(translate(%(expressions)s, '-_', '+/'), 'base64') from 26 for 16), 'hex')::uuid"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class ClickToken(NamedTuple):
    """The content of a genuine click id; `nonce` is the primary key of the click's row."""

    link_id: UUID
    at: datetime
    nonce: UUID


def sign_click_id(link_id: UUID, at: datetime, nonce: UUID | None = None) -> str:
    """Return a click id of 76 URL-safe characters for a click on the link at `at`, with millisecond precision.

    Without a `nonce` a new one is generated.
    """
    payload = _PAYLOAD.pack(_VERSION, link_id.bytes, (at - _EPOCH) // _MILLISECOND, (nonce or generate_nonce(at)).bytes)
    return base64.urlsafe_b64encode(payload + _compute_mac(settings.CLICK_ID_KEYS[0], payload)).decode("ascii")


def verify_click_id(text: object) -> ClickToken | None:
    """Return the token in `text` if one of `CLICK_ID_KEYS` signed it, else None; never raise."""
    if not isinstance(text, str) or not _TEXT.fullmatch(text):
        return None
    signed = base64.urlsafe_b64decode(text)
    payload, mac = signed[: _PAYLOAD.size], signed[_PAYLOAD.size :]
    # Try every key, so that the time taken does not reveal which one matches.
    if not any([compare_digest(mac, _compute_mac(key, payload)) for key in settings.CLICK_ID_KEYS]):  # noqa: C419
        return None
    version, link, milliseconds, nonce = _PAYLOAD.unpack(payload)
    if version != _VERSION:
        return None
    return ClickToken(UUID(bytes=link), _EPOCH + milliseconds * _MILLISECOND, UUID(bytes=nonce))


def find_click_id(text: str) -> str:
    """Return the click id in `text`, which may be a landing URL or have parameters behind it; else the cleaned text."""
    if _TEXT.fullmatch(text):
        return text
    cleaned = decoded = clean_code(text)
    if len(cleaned) <= _LENGTH:
        return cleaned
    for _ in range(3):  # a URL may be a parameter of another one, and so encoded several times
        if match := _TEXT_WITHIN.search(decoded):
            return match[0]
        decoded = unquote(decoded)
    return cleaned


def extract_link_id(text: str) -> UUID | None:
    """Return the link named by `text` if it has the form of a click id. Proves nothing: the id may be forged."""
    return UUID(bytes=base64.urlsafe_b64decode(text)[1:17]) if _TEXT.fullmatch(text) else None


def generate_nonce(at: datetime, chance: random.Random | None = None) -> UUID:
    """Return a nonce for a click at `at`: a UUID of version 7, so that click rows stay in order of time.

    It must be unique but need not be secret, because the MAC protects it. `chance` makes it repeatable.
    """
    value = (at - _EPOCH) // _MILLISECOND << 80 | (chance or random).getrandbits(80)
    return UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def _compute_mac(key: str, payload: bytes) -> bytes:
    # Copies an initialized MAC, because the one-shot functions of Python release the GIL on each click. With many threads
    # a redirect takes three times as long then. A copy of Python's own takes twice as long as this one.
    mac = _start_mac(key).copy()
    mac.update(payload)
    return mac.finalize()[:_MAC_BYTES]


@lru_cache(maxsize=16)
def _start_mac(key: str) -> HMAC:
    mac = HMAC(key.encode(), SHA256())
    mac.update(b"accord click id:")
    return mac
