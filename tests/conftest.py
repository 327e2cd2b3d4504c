"""Setup of the test databases and of the distribution to workers."""

import gc
import os
import shutil
from collections.abc import Iterator, Sequence

import pytest
from django.core.management.color import Style
from django.db.backends.postgresql.creation import DatabaseCreation
from django.db.backends.postgresql.operations import DatabaseOperations
from xdist.scheduler import LoadScopeScheduling

django_sql_flush = DatabaseOperations.sql_flush

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Chromium needs --no-sandbox as root; the rest keeps it from contacting anything but the live server.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Playwright's synchronous API runs an event loop, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def sql_delete_all(
    operations: DatabaseOperations,
    style: Style,
    tables: Sequence[str],
    *,
    reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:
    """Return the SQL that empties these tables, although triggers make them append-only.

    Django empties the database after a test with `transaction=True`, by TRUNCATE, which the triggers reject. With
    `session_replication_role = replica` no trigger fires and no foreign key is checked. Only a superuser can set it,
    which the user of the test database is and a production user must not be. DELETE is used because TRUNCATE takes
    half a second to create new files for all tables, while a test leaves only a few rows.
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
    """Drop a test database despite open connections: a killed process leaves its session for a while."""
    with creation.connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {creation.connection.ops.quote_name(test_database_name)} WITH (FORCE)")


@pytest.fixture(scope="session", autouse=True)
def _allow_dropping_test_databases() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseCreation, "_destroy_test_db", force_drop_database)
        yield


@pytest.fixture(autouse=True)
def _fresh_download_places() -> None:
    """Forget downloads that another test has begun and not read."""
    from affiliates import downloads
    from lib.download_places import DownloadPlaces

    downloads._places = DownloadPlaces()


def pytest_collection_finish():
    # Tests and models stay in memory to the end; scanning them in every collection takes 5 % of the run time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


# The tests of each of these files and folders share an expensive fixture or servers of their own, so one worker runs
# them all.
SINGLE_WORKER_PATHS = (
    "tests/config/test_database_roles",
    "tests/config/test_embedded.py",
    "tests/deploy/",
    "tests/faults/",
    "tests/portal/test_demo.py",
    "tests/portal/test_matrix.py",
    "tests/portal/test_staff_program.py",
    "tests/portal/test_term_figures.py",
    "tests/stories/test_attribution.py",
    "tests/stories/test_twenty_affiliates.py",
    "tests/stories/test_attribution_explanation.py",
    "tests/tracking/test_served_redirect.py",
)


class SingleWorkerScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Schedules SINGLE_WORKER_PATHS as a whole and all other files test by test.

    `--dist loadgroup` does not work with pytest 9.2 (pytest-dev/pytest-xdist#1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((path for path in SINGLE_WORKER_PATHS if nodeid.startswith(path)), nodeid)


def pytest_xdist_make_scheduler(config, log):
    return SingleWorkerScheduling(config, log)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Use the installed Chromium. Without one, browser tests are skipped, or fail if REQUIRE_BROWSER is set."""
    path = next((executable for name in BROWSERS if (executable := shutil.which(name))), None)
    if path is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(f"REQUIRE_BROWSER is set, and none of {', '.join(BROWSERS)} is installed")
        pytest.skip("no Chromium is installed")
    return {**browser_type_launch_args, "executable_path": path, "args": ARGUMENTS}
