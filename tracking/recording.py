"""Writes clicks to PostgreSQL in groups: one statement and one commit for all that have gathered (PERFORMANCE 2)."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

log = logging.getLogger(__name__)


class Row(NamedTuple):
    """A click as it is kept; `id` is the nonce of its click id, `at` its own time, `address` is shortened."""

    id: UUID
    link_id: UUID
    at: datetime
    kind: str
    sub1: str
    sub2: str
    sub3: str
    sub4: str
    sub5: str
    address: str
    user_agent: str
    referrer_host: str
    device: str


_TYPES = ("uuid", "uuid", "timestamptz", *["text"] * (len(Row._fields) - 3))
# A click that was written before its answer got lost is the same row again: its id is its own, and so is its time.
INSERT = (
    f"INSERT INTO tracking_click ({', '.join(Row._fields)}) "  # noqa: S608  (our own column names, no outside text)
    f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in _TYPES)}) ON CONFLICT (id, at) DO NOTHING"
)
_COPY = f"COPY tracking_click ({', '.join(Row._fields)}) FROM STDIN"
_LOSS = "INSERT INTO tracking_clickloss (count) VALUES (%s)"


def copy(cursor: psycopg.Cursor[Any], rows: Sequence[Row]) -> None:
    """Write clicks that were never tried before: COPY costs a third of `write`, and refuses a click that is there."""
    with cursor.copy(_COPY) as stream:
        for row in rows:
            stream.write_row(row)


def write(cursor: Any, rows: Sequence[Row]) -> None:
    """Write the clicks in one statement; one that is there already stays as it is."""
    cursor.execute(INSERT, [list(column) for column in zip(*rows, strict=True)])


def write_good_ones(connection: psycopg.Connection[Any], rows: Sequence[Row]) -> int:
    """Write the clicks one by one where the group was refused for one of them; the number that can't be written."""
    refused = 0
    for row in rows:
        try:
            write(connection.cursor(), [row])
        except (psycopg.DataError, psycopg.IntegrityError):
            log.exception("a click of link %s can't be written", row.link_id)
            refused += 1
    return refused


def write_loss(cursor: Any, count: int) -> None:
    """Note that so many clicks were redirected and not recorded, for staff to see (PERFORMANCE 2)."""
    cursor.execute(_LOSS, [count])
