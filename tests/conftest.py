"""What every test may use, and the database that they run on."""

import gc
from collections.abc import Iterator, Sequence

import pytest
from django.core.management.color import Style
from django.db.backends.postgresql.creation import DatabaseCreation
from django.db.backends.postgresql.operations import DatabaseOperations
from xdist.scheduler import LoadScopeScheduling

django_sql_flush = DatabaseOperations.sql_flush


def sql_delete_all(
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
        statements = django_sql_flush(
            operations, style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade
        )
    return [
        "SET LOCAL session_replication_role = replica",
        *statements,
        "SET LOCAL session_replication_role = DEFAULT",
    ]


@pytest.fixture(scope="session", autouse=True)
def _allow_emptying_append_only_tables() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_delete_all)
        yield


def force_drop_database(creation: DatabaseCreation, test_database_name: str, verbosity: int) -> None:
    """Drop a test database though somebody is connected: a process that a test has killed leaves its session for a while."""
    with creation.connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {creation.connection.ops.quote_name(test_database_name)} WITH (FORCE)")


@pytest.fixture(scope="session", autouse=True)
def _allow_dropping_test_databases() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseCreation, "_destroy_test_db", force_drop_database)
        yield


def pytest_collection_finish():
    # Thousands of tests and the models stay to the end: looking through them time and again takes a twentieth of the whole.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


# Files whose tests share what takes long to make: one worker runs all of each, so that it is made once.
SINGLE_WORKER_FILES = {
    "tests/config/test_database_roles.py",
    "tests/portal/test_demo.py",
    "tests/portal/test_matrix.py",
    "tests/portal/test_term_figures.py",
    "tests/stories/test_attribution.py",
    "tests/stories/test_twenty_affiliates.py",
    "tests/stories/test_attribution_explanation.py",
}


class SingleWorkerFileScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Files of TOGETHER first, then test by test. Not `--dist loadgroup`, which pytest 9.2 lets come to nothing
    (pytest-dev/pytest-xdist#1386)."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in SINGLE_WORKER_FILES else nodeid


def pytest_xdist_make_scheduler(config, log):
    return SingleWorkerFileScheduling(config, log)
