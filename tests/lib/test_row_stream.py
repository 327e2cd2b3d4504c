"""Rows are streamed from one statement, in constant memory, and show the database as it was when it began."""

import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice

import psycopg
import pytest
from django.db import ProgrammingError, connection, connections

from lib.row_stream import iter_rows

pytestmark = pytest.mark.django_db


def test_values_have_pythons_types():
    query = """SELECT %s, 1.50::numeric(14, 2), '2026-01-31'::date, true, NULL::text, '-1' || chr(10),
                      '2026-01-31 12:00+01'::timestamptz"""
    [row] = iter_rows(query, ["a 'quote' and 100 %"], using="default")
    moment = datetime(2026, 1, 31, 11, tzinfo=UTC)
    assert row == ("a 'quote' and 100 %", Decimal("1.50"), date(2026, 1, 31), True, None, "-1\n", moment)


def test_rows_are_streamed_under_debug(monkeypatch):
    monkeypatch.setattr(connections["default"], "force_debug_cursor", True)
    assert list(iter_rows("SELECT %s::int", [1], using="default")) == [(1,)]


def test_memory_does_not_grow_with_the_rows():
    tracemalloc.start()
    try:
        rows = iter_rows("SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) AS n", [], using="default")
        assert sum(1 for _row in rows) == 20_000
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The rows have 20 MB.
    assert peak < 2_000_000


@pytest.mark.django_db(transaction=True)
def test_closed_stream_frees_the_connection():
    rows = iter_rows("SELECT generate_series(1, 1000000)", [], using="default")
    assert list(islice(rows, 3)) == [(1,), (2,), (3,)]
    rows.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_errors_of_the_database_are_djangos():
    with pytest.raises(ProgrammingError):
        next(iter_rows("SELECT nothing", [], using="default"))


@pytest.mark.django_db(transaction=True)
def test_rows_that_are_added_meanwhile_are_left_out():
    """Another session commits rows while the stream is read: no row is missing, doubled, or of another moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE public.streamed AS SELECT n, repeat('x', 1000) FROM generate_series(1, 50000) AS n"
        )
    default = connection.settings_dict
    try:
        rows = iter_rows("SELECT n FROM public.streamed", [], using="default")
        first = next(rows)
        with psycopg.connect(
            host=default["HOST"], port=default["PORT"], user=default["USER"], password=default["PASSWORD"],
            dbname=default["NAME"],
        ) as other:  # fmt: skip
            other.execute("INSERT INTO public.streamed SELECT n, '' FROM generate_series(50001, 50100) AS n")
            other.execute("DELETE FROM public.streamed WHERE n > 100 AND n <= 50000")
        assert sorted([first, *rows]) == [(number,) for number in range(1, 50_001)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE public.streamed")
