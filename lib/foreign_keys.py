"""Foreign keys that are checked once a statement instead of once a row (docs/adr/0006).

PostgreSQL asks for the other side of a foreign key row by row: for a close of a million lines that is most of its time. A
trigger over all new rows of a statement asks the same question as one join. What it relies on is that the rows which are named
are never deleted: so they, too, carry a trigger, `never_deleted`, or are append-only.
"""

import pgtrigger

from lib.triggers import build_no_truncate_trigger

References = dict[str, tuple[str, str]]
"""{column: (table, its primary key)}."""


def build_reference_triggers(columns: References, *, change: bool = False) -> list[pgtrigger.Trigger]:
    """Triggers for `Meta.triggers` of a model whose foreign keys `columns` have `db_constraint=False`.

    They refuse, with the error of a foreign key, a statement after which one of the columns names no row; `change` for
    rows that may be updated.
    """
    made = [_build_check_trigger("check_references_on_insert", pgtrigger.Insert, columns)]
    return [*made, _build_check_trigger("check_references_on_update", pgtrigger.Update, columns)] if change else made


def build_no_delete_triggers() -> list[pgtrigger.Trigger]:
    """Triggers for a model whose rows others name by `build_reference_triggers`: DELETE and TRUNCATE are refused."""
    return [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete), build_no_truncate_trigger()]


def _build_check_trigger(name: str, operation: pgtrigger.Operation, columns: References) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(new="new_rows"),
        declare=[("before", "TEXT")],
        # A session keeps its plan: one that was made while the tables were all but empty would read them whole, row by row,
        # when they no longer are. So it must go by the keys, whatever is believed of their size.
        func=f"""
            before := current_setting('enable_seqscan');
            PERFORM set_config('enable_seqscan', 'off', true);
            {"".join(_build_check_sql(column, *other) for column, other in columns.items())}
            PERFORM set_config('enable_seqscan', before, true);
            RETURN NULL;
        """,
    )


def _build_check_sql(column: str, table: str, key: str) -> str:
    # Our own names alone, no outside text. The schema is named so that no temporary table can stand in for the real one.
    return f"""
        IF EXISTS (SELECT 1 FROM (SELECT DISTINCT {column} AS named FROM new_rows WHERE {column} IS NOT NULL) AS here
                    WHERE NOT EXISTS (SELECT 1 FROM public.{table} other WHERE other.{key} = here.named)) THEN
            RAISE EXCEPTION '{column} of % names no row of {table}', TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation';
        END IF;
    """  # noqa: S608 -- as said
