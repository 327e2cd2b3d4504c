"""Copies of what a command writes to an empty database, for tests that all begin with it."""

from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction

# The apps whose tables are copied, if the command is the first that writes to them.
APPS = ("agreements", "audit")
# The statements that insert what each command wrote.
_copies: dict[tuple[str, ...], str] = {}


def call_command_once(*command: str) -> None:
    """Call a management command; where it was called before by this process, insert the rows that it wrote then.

    Ids and times are those of the first call. No other call can have drawn these ids, because sequences only grow.
    """
    if _list_filled_tables():
        call_command(*command)
    elif command in _copies:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_copies[command])
    else:
        call_command(*command)
        inserts = [_build_insert(table) for table in _list_filled_tables()]
        # The rows of a published version can't be inserted while triggers fire.
        replica, usual = (f"SET LOCAL session_replication_role = {role}" for role in ("replica", "DEFAULT"))
        _copies[command] = ";".join([replica, *inserts, usual])


def _list_filled_tables() -> list[str]:
    tables = [model._meta.db_table for app in APPS for model in apps.get_app_config(app).get_models()]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in tables))
        found = {name for (name,) in cursor.fetchall()}
    return [table for table in tables if table in found]


def _build_insert(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT json_agg(t)::text FROM {table} t")
        [rows] = cursor.fetchone()
        return cursor.mogrify(
            f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s::json)", [rows]
        )
