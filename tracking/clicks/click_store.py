"""Write clicks to PostgreSQL in groups, with one statement and one commit per group."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from tracking.clicks.connection import limited_transaction

log = logging.getLogger(__name__)

InsertFunction = Callable[[psycopg.Cursor[Any], Sequence[bytes]], int]


class ClickRow(NamedTuple):
    """A click as stored: `id` is the nonce of its click id, `address` is truncated.

    `failed_deep_link` is what the parameter `to` requested if it could not be used, else "".
    """

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
    failed_deep_link: str = ""


_COLUMNS = ", ".join(ClickRow._fields)
_TYPES = ("uuid", "uuid", "timestamptz", *["text"] * (len(ClickRow._fields) - 3))
# A click may be written twice if the database's answer was lost. It has the same id and time then, so it stays one row.
_INSERT = (
    f"INSERT INTO tracking_click ({_COLUMNS}) "  # noqa: S608
    f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in _TYPES)}) ON CONFLICT (id, at) DO NOTHING"
)
_COPY = f"COPY tracking_click ({_COLUMNS}) FROM STDIN"
_CREATE_STAGING = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS clicks_staging ON COMMIT DELETE ROWS AS "  # noqa: S608
    f"SELECT {_COLUMNS} FROM tracking_click WITH NO DATA"
)
_COPY_STAGING = f"COPY clicks_staging ({_COLUMNS}) FROM STDIN"
_INSERT_FROM_STAGING = (
    f"INSERT INTO tracking_click ({_COLUMNS}) "  # noqa: S608
    f"SELECT {_COLUMNS} FROM clicks_staging ON CONFLICT (id, at) DO NOTHING"
)
_UPSERT_LOSS = (
    "INSERT INTO tracking_clickloss AS known (source, count, late) VALUES (%s, %s, %s) ON CONFLICT (source) DO UPDATE"
    " SET count = greatest(known.count, excluded.count), late = known.late + excluded.late"
)
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def encode_row(row: ClickRow) -> bytes:
    """Encode the click as a line for COPY."""
    texts = [row.id.hex, row.link_id.hex, row.at.isoformat(), *row[3:]]
    joined = "\t".join(texts)
    if "\\" in joined or not joined.replace("\t", "").isprintable():
        joined = "\t".join([text.translate(_ESCAPED) for text in texts])
    return joined.encode("utf-8", "replace") + b"\n"


def copy_rows(cursor: psycopg.Cursor[Any], lines: Sequence[bytes]) -> int:
    """Write clicks for the first time. Raises UniqueViolation, writing none, if one exists already."""
    with cursor.copy(_COPY) as stream:
        stream.write(b"".join(lines))
    return len(lines)


def insert_missing_rows(cursor: psycopg.Cursor[Any], lines: Sequence[bytes]) -> int:
    """Write the clicks that do not exist yet, and return their number. Costs twice as much as `copy_rows`.

    Needs a transaction.
    """
    cursor.execute(_CREATE_STAGING)
    with cursor.copy(_COPY_STAGING) as stream:
        stream.write(b"".join(lines))
    cursor.execute(_INSERT_FROM_STAGING)
    return cursor.rowcount


def insert_valid_rows(connection: psycopg.Connection[Any], lines: Sequence[bytes], spool_name: str = "") -> int:
    """Write the valid clicks that do not exist yet, and return how many are not valid.

    For clicks of a spool file their number is recorded with them, so that a file which is read twice is counted once.
    """
    with suppress(psycopg.DataError, psycopg.IntegrityError):
        _insert_in_transaction(connection, copy_rows, lines, spool_name)
        return 0
    try:
        _insert_in_transaction(connection, insert_missing_rows, lines, spool_name)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        if len(lines) == 1:
            log.error("A click cannot be written: %s", error)  # noqa: TRY400  (needs no traceback)
            return 1
        half = len(lines) // 2
        return insert_valid_rows(connection, lines[:half], spool_name) + insert_valid_rows(
            connection, lines[half:], spool_name
        )
    return 0


def _insert_in_transaction(
    connection: psycopg.Connection[Any], write: InsertFunction, lines: Sequence[bytes], spool_name: str
) -> None:
    with limited_transaction(connection) as cursor:
        new = write(cursor, lines)
        if new and spool_name:
            cursor.execute(_UPSERT_LOSS, [spool_name, 0, new])


def record_loss(connection: psycopg.Connection[Any], source: str, count: int) -> None:
    """Record that `source` has lost `count` clicks in total. Repeating it changes nothing."""
    with limited_transaction(connection) as cursor:
        cursor.execute(_UPSERT_LOSS, [source, count, 0])


def insert_rows(cursor: Any, rows: Sequence[ClickRow]) -> None:
    """Write the clicks in one statement on Django's connection; existing ones stay unchanged."""
    cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
