"""Foreign keys that are checked once per statement instead of once per row (docs/adr/0006).

PostgreSQL checks foreign keys row by row, which takes most of the time of a close with a million lines. A trigger on
all new rows of a statement does the same check in one join. This is safe only if referenced rows are never deleted, so
they have the `never_deleted` trigger or are append-only.
"""

import pgtrigger

from lib.triggers import build_no_truncate_trigger

References = dict[str, tuple[str, str]]
"""Column: (referenced table, its primary key)."""


def build_reference_triggers(columns: References, *, change: bool = False) -> list[pgtrigger.Trigger]:
    """Return triggers that check the foreign keys `columns`, which have `db_constraint=False`.

    They raise a foreign key violation if a statement leaves a column that references no row. Set `change` for rows that
    may be updated.
    """
    triggers = [_build_check_trigger("check_references_on_insert", pgtrigger.Insert, columns)]
    if change:
        triggers.append(_build_check_trigger("check_references_on_update", pgtrigger.Update, columns))
    return triggers


def build_no_delete_triggers() -> list[pgtrigger.Trigger]:
    """Return triggers that reject DELETE and TRUNCATE, for models referenced by `build_reference_triggers`."""
    return [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete), build_no_truncate_trigger()]


def _build_check_trigger(name: str, operation: pgtrigger.Operation, columns: References) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(new="new_rows"),
        declare=[("before", "TEXT")],
        # A session keeps its plan. A plan made while the tables were nearly empty would scan them completely later, so
        # sequential scans are disabled here.
        func=f"""
            before := current_setting('enable_seqscan');
            PERFORM set_config('enable_seqscan', 'off', true);
            {"".join(_build_check_sql(column, *other) for column, other in columns.items())}
            PERFORM set_config('enable_seqscan', before, true);
            RETURN NULL;
        """,
    )


def _build_check_sql(column: str, table: str, key: str) -> str:
    # The schema is named so that a temporary table cannot replace the real one.
    return f"""
        IF EXISTS (SELECT 1 FROM (SELECT DISTINCT {column} AS key FROM new_rows WHERE {column} IS NOT NULL) AS used
                    WHERE NOT EXISTS (SELECT 1 FROM public.{table} other WHERE other.{key} = used.key)) THEN
            RAISE EXCEPTION '{column} of % references no row of {table}', TG_TABLE_NAME
                USING ERRCODE = 'foreign_key_violation';
        END IF;
    """  # noqa: S608 -- names from our own code, no user input
