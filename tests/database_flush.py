"""Emptying of the test database after a test that commits.

Django deletes the rows of all tables and creates content types, permissions and groups again, which takes longer than most
of these tests. Here those rows stay, and only tables that have rows are emptied.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import pytest
from django.core.management.color import Style
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import TransactionTestCase

# What migrations fill. All other tables are empty before a test.
KEPT_TABLES = ("auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "django_migrations")

_django_sql_flush = DatabaseOperations.sql_flush
_django_teardown = vars(TransactionTestCase)["_fixture_teardown"]


class KeptRows:
    """What migrations have created, so that a test that changes it is noticed."""

    digest = ""

    def remember(self) -> None:
        self.digest = _compute_digest()

    def have_changed(self) -> bool:
        return self.digest != _compute_digest()


kept_rows = KeptRows()


def empty_database(test_case: TransactionTestCase) -> None:
    """Delete all rows except those that migrations create. If the test has changed those, create them again."""
    if kept_rows.have_changed():
        _django_teardown(test_case)
        kept_rows.remember()
    elif filled := _list_filled_tables():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(";".join(_without_triggers(_delete_from(filled))))


def sql_flush(
    operations: DatabaseOperations,
    style: Style,
    tables: Sequence[str],
    *,
    reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:
    """Return the SQL by which Django empties these tables, although triggers make some of them append-only.

    DELETE is used because TRUNCATE takes half a second to create new files for all tables, while a test leaves only a
    few rows.
    """
    if not tables:
        return []
    if reset_sequences:
        return _without_triggers(
            _django_sql_flush(operations, style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade)
        )
    return _without_triggers(_delete_from(tables))


@contextmanager
def install() -> Iterator[None]:
    """Have Django's test cases, and its command `flush`, empty the database in this way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_database)
        yield


def _without_triggers(statements: Iterable[str]) -> list[str]:
    """Return the statements between others, so that no trigger fires and no foreign key is checked.

    Only a superuser can set this, which the user of the test database is and a production user must not be.
    """
    replica, usual = (f"SET LOCAL session_replication_role = {role}" for role in ("replica", "DEFAULT"))
    return [replica, *statements, usual]


def _delete_from(tables: Iterable[str]) -> list[str]:
    return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]


def _compute_digest() -> str:
    rows = (f"(SELECT string_agg(t::text, ',' ORDER BY t.id) FROM {table} t)" for table in KEPT_TABLES)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5(concat_ws(';', {', '.join(rows)}))")
        return str(cursor.fetchone()[0])


def _list_filled_tables() -> list[str]:
    checks = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in _list_emptied_tables())
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(checks))
        return [name for (name,) in cursor.fetchall()]


@cache
def _list_emptied_tables() -> list[str]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(tables).difference(KEPT_TABLES))
