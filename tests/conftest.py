"""Setup of the test databases and of the distribution to workers."""

import gc
import os
import shutil
import socket
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.db.backends.postgresql.creation import DatabaseCreation
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests import database_flush
from tests.settings import OWN_SERVERS

SECONDS_OF_A_DAY = 86_400
# The first is Chromium without windows, which needs a third of the processor's time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
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


@pytest.fixture(scope="session", autouse=True)
def _empty_database_quickly() -> Iterator[None]:
    with database_flush.install():
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Have a worker's own PostgreSQL not wait for the disk, because nothing in it must survive a crash of the machine."""
    if OWN_SERVERS:
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
            for name in ("fsync", "full_page_writes"):
                server.execute(f"ALTER SYSTEM SET {name} = off".encode())
            server.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        database_flush.kept_rows.remember()


def force_drop_database(creation: DatabaseCreation, test_database_name: str, verbosity: int) -> None:
    """Drop a test database despite open connections: a killed process leaves its session for a while."""
    with creation.connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {creation.connection.ops.quote_name(test_database_name)} WITH (FORCE)")


@pytest.fixture(scope="session", autouse=True)
def _allow_dropping_test_databases() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseCreation, "_destroy_test_db", force_drop_database)
        yield


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Send what a worker reports of each test at once: otherwise the system waits 40 ms for more to send along with it."""
    connected = getattr(getattr(config, "failures_db", None), "sock", None)
    if connected and hasattr(config, "workerinput"):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def pytest_runtest_setup():
    """Begin no test in the last half minute of a day, so that none sees its end."""
    left = SECONDS_OF_A_DAY - time.time() % SECONDS_OF_A_DAY
    if left < 30:
        time.sleep(left)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, so that no worker is left with one of them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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
    "tests/portal/test_csv_reports.py",
    "tests/portal/test_demo.py",
    "tests/portal/test_erasure_dump.py",
    "tests/portal/test_matrix.py",
    "tests/portal/test_retention.py",
    "tests/portal/test_staff_program.py",
    "tests/portal/test_term_figures.py",
    "tests/stories/test_attribution.py",
    "tests/stories/test_twenty_affiliates.py",
    "tests/stories/test_attribution_explanation.py",
    "tests/stories/test_retail.py",
    "tests/tracking/test_served_redirect.py",
    "tests/upgrade/test_upgrade.py",
)


class SingleWorkerScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Schedules SINGLE_WORKER_PATHS as a whole and all other files test by test.

    `--dist loadgroup` does not work with pytest 9.2 (pytest-dev/pytest-xdist#1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((path for path in SINGLE_WORKER_PATHS if nodeid.startswith(path)), nodeid)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Forget what is finished, because xdist looks through all work of a worker after each test."""
        super().mark_test_complete(node, item_index, duration)
        work = self.assigned_work[node]
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(work[scope].values()):
            del work[scope]


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
