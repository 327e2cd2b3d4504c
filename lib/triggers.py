"""Rows that are written once: the database refuses to change or delete them, whoever asks (CONTRACT 7, RELIABILITY 1.3)."""

from typing import Any

import pgtrigger
from django.db import connections

# pgtrigger has its triggers ask this function whether the session said to ignore them, which any role may say.
_DISABLE_BYPASS_SQL = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT false'
"""


def build_append_only_triggers() -> list[pgtrigger.Trigger]:
    """Triggers for `Meta.triggers` of a model whose rows are facts: UPDATE, DELETE and TRUNCATE are refused."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        build_no_truncate_trigger(),
    ]


def build_no_update_triggers() -> list[pgtrigger.Trigger]:
    """Triggers for rows that may be deleted, one by one, and never changed: UPDATE and TRUNCATE are refused."""
    return [pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update), build_no_truncate_trigger()]


def build_no_truncate_trigger() -> pgtrigger.Trigger:
    """A trigger that refuses TRUNCATE."""
    return pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        operation=pgtrigger.Truncate,
        when=pgtrigger.Before,
        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;",
    )


def disable_trigger_bypass(*, using: str, **_signal: Any) -> None:
    """Take from every session the power to have triggers ignored; after each migration, as those of triggers give it back."""
    with connections[using].cursor() as cursor:
        cursor.execute(_DISABLE_BYPASS_SQL)
