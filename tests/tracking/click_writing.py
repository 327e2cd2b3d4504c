"""Helpers for tests of the click writer and its spool."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from lib.ids import uuid7
from tests.free_ports import find_free_port
from tracking.clicks.click_store import ClickRow
from tracking.clicks.connection import connect
from tracking.clicks.spool import Spool


def make_spool(folder: Path, max_bytes: int = 2**20) -> Spool:
    return Spool(folder / "spool", "db", max_bytes)


def make_row(link_id: UUID, **changes: Any) -> ClickRow:
    fields: dict[str, Any] = dict.fromkeys(ClickRow._fields, "") | {"kind": "counted", "at": datetime.now(UTC)}
    return ClickRow(**(fields | {"id": uuid7(), "link_id": link_id} | changes))


def wait_until(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never became true"
        time.sleep(0.01)


class Switch:
    """Opens connections to the database, or to a port without listener while `is_up` is False."""

    def __init__(self) -> None:
        self.is_up = True
        self.attempts = 0

    def connect(self) -> psycopg.Connection[Any]:
        self.attempts += 1
        if self.is_up:
            return connect()
        return psycopg.connect(host="127.0.0.1", port=find_free_port(), dbname="x", connect_timeout=2)
