"""Database triggers that reject changes of rows that are final (specification 7)."""

from typing import Any

import pgtrigger
from django.db import connections

# pgtrigger lets any role disable its triggers for a session; its triggers call this function to check for that.
_DISABLE_BYPASS_SQL = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT false'
"""


def build_append_only_triggers() -> list[pgtrigger.Trigger]:
    """Return triggers that reject UPDATE, DELETE and TRUNCATE."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        build_no_truncate_trigger(),
    ]


def build_no_update_triggers() -> list[pgtrigger.Trigger]:
    """Return triggers that reject UPDATE and TRUNCATE but allow DELETE."""
    return [pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update), build_no_truncate_trigger()]


def build_no_truncate_trigger() -> pgtrigger.Trigger:
    """Return a trigger that rejects TRUNCATE."""
    return pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        operation=pgtrigger.Truncate,
        when=pgtrigger.Before,
        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;",
    )


def disable_trigger_bypass(*, using: str, **_signal: Any) -> None:
    """Prevent sessions from disabling triggers. Runs after each migration, because migrations of triggers undo it."""
    with connections[using].cursor() as cursor:
        cursor.execute(_DISABLE_BYPASS_SQL)
