"""Rows that are written once: the database refuses to change or delete them, whoever asks (CONTRACT 7, RELIABILITY 1.3)."""

import pgtrigger


def append_only() -> list[pgtrigger.Trigger]:
    """Triggers for `Meta.triggers` of a model whose rows are facts: UPDATE, DELETE and TRUNCATE are refused."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="no_truncate",
            level=pgtrigger.Statement,
            operation=pgtrigger.Truncate,
            when=pgtrigger.Before,
            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;",
        ),
    ]
