"""Identifiers that cannot be guessed (specification 9) and sort by time, which keeps indexes small (RFC 9562, 5.7)."""

import hashlib
import os
import time
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from django.conf import settings

BLOCK_BYTES = 16
MAX_COUNTED_ID = 2**63 - 1


def uuid7() -> UUID:
    """Return a new UUID of version 7: 60 bits of Unix time, precise to a quarter of a microsecond, and 62 random bits.

    Rows that one process creates one after the other sort in that order by id, which histories need whose rows share a
    timestamp (RFC 9562, section 6.2, method 3).
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = nanoseconds * 4096 // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | fraction << 64
    value |= 0x2 << 62 | int.from_bytes(os.urandom(8)) & (1 << 62) - 1
    return UUID(int=value)


class CountedIdConverter:
    """Shows the counted ids of a library's table encrypted in addresses, so that nothing can be learned from them."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> int:
        decryptor = _build_cipher().decryptor()
        number = int.from_bytes(decryptor.update(bytes.fromhex(value)) + decryptor.finalize())
        if number > MAX_COUNTED_ID:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        encryptor = _build_cipher().encryptor()
        return (encryptor.update(value.to_bytes(BLOCK_BYTES)) + encryptor.finalize()).hex()


def _build_cipher() -> Cipher[CBC]:
    # One block and always the same for the same id, as addresses should be: a random vector has no use here.
    key = hashlib.sha256(f"counted id:{settings.SECRET_KEY}".encode()).digest()
    return Cipher(AES(key), CBC(bytes(BLOCK_BYTES)))
