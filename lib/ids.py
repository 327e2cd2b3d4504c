"""Identifiers that cannot be guessed (specification 9) and sort by time, which keeps indexes small (RFC 9562, 5.7)."""

import os
import time
from uuid import UUID


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
