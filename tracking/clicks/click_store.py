"""Write clicks to PostgreSQL in groups, with one statement and one commit per group."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.sql import SQL

from tracking.clicks.connection import TimeoutConnection, limited_transaction

log = logging.getLogger(__name__)


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
COPY = f"COPY tracking_click ({_COLUMNS}) FROM STDIN".encode()
# Dropped, because behind a pooler the next transaction of the session may be that of a newer release.
_CREATE_STAGING = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS clicks_staging ON COMMIT DROP AS "  # noqa: S608
    f"SELECT {_COLUMNS} FROM tracking_click WITH NO DATA"
)
_COPY_STAGING = f"COPY clicks_staging ({_COLUMNS}) FROM STDIN"
_INSERT_FROM_STAGING = (
    f"INSERT INTO tracking_click ({_COLUMNS}) "  # noqa: S608
    f"SELECT {_COLUMNS} FROM clicks_staging ON CONFLICT (id, at) DO NOTHING"
)
_UPSERT_LOSS = SQL(
    "INSERT INTO tracking_clickloss AS known (source, count, late) VALUES ({}, {}, {}) ON CONFLICT (source) DO UPDATE"
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


def copy_rows(connection: TimeoutConnection, lines: Sequence[bytes], spool_name: str = "") -> None:
    """Write clicks for the first time, and count them as late if they come from a spool.

    Raises UniqueViolation, writing none, if one exists already.
    """
    statement = COPY
    if spool_name:
        statement = b"%s; %s" % (_UPSERT_LOSS.format(spool_name, 0, len(lines)).as_bytes(connection), COPY)
    connection.copy(statement, b"".join(lines))


def insert_missing_rows(connection: TimeoutConnection, lines: Sequence[bytes], spool_name: str = "") -> None:
    """Do the same for the clicks that do not exist yet. Costs twice as much as `copy_rows`."""
    with limited_transaction(connection) as cursor:
        cursor.execute(_CREATE_STAGING)
        with cursor.copy(_COPY_STAGING) as stream:
            stream.write(b"".join(lines))
        cursor.execute(_INSERT_FROM_STAGING)
        if cursor.rowcount and spool_name:
            cursor.execute(_UPSERT_LOSS.format(spool_name, 0, cursor.rowcount))


def insert_valid_rows(connection: TimeoutConnection, lines: Sequence[bytes], spool_name: str = "") -> int:
    """Write the valid clicks that do not exist yet, and return how many are not valid.

    For clicks of a spool file their number is recorded with them, so that a file which is read twice is counted once.
    """
    with suppress(psycopg.DataError, psycopg.IntegrityError):
        copy_rows(connection, lines, spool_name)
        return 0
    try:
        insert_missing_rows(connection, lines, spool_name)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        if len(lines) == 1:
            log.error("A click cannot be written: %s", error)  # noqa: TRY400  (needs no traceback)
            return 1
        half = len(lines) // 2
        return insert_valid_rows(connection, lines[:half], spool_name) + insert_valid_rows(
            connection, lines[half:], spool_name
        )
    return 0


def record_loss(connection: TimeoutConnection, source: str, count: int) -> None:
    """Record that `source` has lost `count` clicks in total. Repeating it changes nothing."""
    with limited_transaction(connection) as cursor:
        cursor.execute(_UPSERT_LOSS.format(source, count, 0))


def insert_rows(cursor: Any, rows: Sequence[ClickRow]) -> None:
    """Write the clicks in one statement on Django's connection; existing ones stay unchanged."""
    cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
