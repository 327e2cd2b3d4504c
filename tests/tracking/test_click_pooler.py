"""Clicks written through pgbouncer, whose sessions are shared with everything else."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import connection

from tests.pooler import PROGRAM, Server, run_pooler
from tests.tracking.click_writing import make_row
from tracking.clicks import click_store
from tracking.clicks.connection import connect
from tracking.models import Click, Link

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not PROGRAM, reason="pgbouncer is not installed"),
]


@contextmanager
def use_pooler() -> Iterator[None]:
    """Have clicks go through a pooler that has a single session."""
    configured = connection.settings_dict
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(int(configured["PORT"]), configured["NAME"])
        login = {"user": configured["USER"], "password": configured["PASSWORD"]}
        with run_pooler(folder / "pooler", {"pooled": server}, **login, pool_size=1) as pooler:
            address = configured | {"HOST": "127.0.0.1", "PORT": pooler.port, "NAME": "pooled"}
            with patch.object(connection, "settings_dict", address):
                yield


def test_clicks_leave_nothing_behind_in_shared_session(link: Link) -> None:
    connection.ensure_connection()
    known = make_row(link.pk)
    lines = [click_store.encode_row(row) for row in (known, make_row(link.pk))]
    with use_pooler(), connect() as first, connect() as second:
        for _time in range(8):  # psycopg prepares what is repeated five times
            click_store.insert_valid_rows(first, lines)
            click_store.insert_valid_rows(second, lines)
        for own in (first, second):
            assert own.execute("SHOW statement_timeout").fetchone() == ("0",)
            assert own.execute("SELECT to_regclass('pg_temp.clicks_staging')").fetchone() == (None,)
            assert own.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    assert Click.objects.count() == 2
