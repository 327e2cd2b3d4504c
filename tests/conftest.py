"""What every test may use, and the database that they run on."""

from collections.abc import Iterator, Sequence

import pytest
from django.core.management.color import Style
from django.db.backends.postgresql.operations import DatabaseOperations

emptied_by_truncate = DatabaseOperations.sql_flush


def emptied_by_delete(
    operations: DatabaseOperations,
    style: Style,
    tables: Sequence[str],
    *,
    reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:
    """Return the SQL that empties these tables though they are append-only.

    A test with `transaction=True` commits, and Django empties the database after it with TRUNCATE, which our triggers
    refuse. In the role of a replica no trigger fires and no foreign key is checked; only a superuser may take it, which
    the test database's user is and a production one must not be. DELETE, because TRUNCATE takes half a second to
    make as many new files as there are tables, where a test leaves a few rows.
    """
    if not tables:
        return []
    statements = [f"DELETE FROM {operations.quote_name(table)}" for table in tables]
    if reset_sequences:
        statements = emptied_by_truncate(
            operations, style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade
        )
    return [
        "SET LOCAL session_replication_role = replica",
        *statements,
        "SET LOCAL session_replication_role = DEFAULT",
    ]


@pytest.fixture(scope="session", autouse=True)
def _append_only_tables_can_be_emptied() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", emptied_by_delete)
        yield
