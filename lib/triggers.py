"""Database triggers that reject changes of rows that are final (specification 7)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pgtrigger
from django.db import connection, connections, transaction

# pgtrigger lets any role disable its triggers for a session; its triggers call this function to check for that.
_DISABLE_BYPASS_SQL = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT false'
"""


_REDACTION_SETTING = "accord.redaction"


def build_append_only_triggers(redactable: tuple[str, ...] = ()) -> list[pgtrigger.Trigger]:
    """Return triggers that reject UPDATE, DELETE and TRUNCATE.

    An UPDATE inside `allow_redaction` may change the columns `redactable`, which hold personal data, and no others.
    """
    final: pgtrigger.Trigger = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
    if redactable:
        final = pgtrigger.Trigger(
            name="append_only",
            operation=pgtrigger.Update | pgtrigger.Delete,
            when=pgtrigger.Before,
            func=_build_redaction_sql(redactable),
        )
    return [final, build_no_truncate_trigger()]


def _build_redaction_sql(columns: tuple[str, ...]) -> str:
    names = ", ".join(f"'{column}'" for column in columns)
    return f"""
        IF TG_OP = 'UPDATE' AND current_setting('{_REDACTION_SETTING}', true) = 'on'
           AND to_jsonb(OLD) - ARRAY[{names}] = to_jsonb(NEW) - ARRAY[{names}] THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;
    """


@contextmanager
def allow_redaction() -> Iterator[None]:
    """Let this transaction change the redactable columns of append-only rows, for erasure (specification 9)."""
    with transaction.atomic():
        _set_redaction("on")
        yield
        _set_redaction("off")


def _set_redaction(value: str) -> None:
    # Local to the transaction, so an error or a pooled connection cannot leave it on.
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [_REDACTION_SETTING, value])


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
