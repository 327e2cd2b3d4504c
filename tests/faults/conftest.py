"""The scenario that is closed while things die, on servers of its own, made once for all of these tests."""

from collections.abc import Callable, Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.faults import sixty_affiliates
from tests.faults.own_stores import Stores, run_stores


@pytest.fixture(scope="package")
def stores(django_db_blocker: DjangoDbBlocker) -> Iterator[Stores]:
    with django_db_blocker.unblock(), run_stores(sixty_affiliates.fill_database) as started:
        yield started


@pytest.fixture
def scenario(stores: Stores, django_db_blocker: DjangoDbBlocker) -> Iterator[Stores]:
    """The servers, and a copy of the scenario that is this test's own."""
    with django_db_blocker.unblock(), stores.use_copy():
        yield stores


@pytest.fixture
def report_line(request: pytest.FixtureRequest) -> Callable[[object], None]:
    """Print a line past pytest's capture: the figures are what these tests are run for."""
    terminal = request.config.get_terminal_writer()

    def tell(line: object) -> None:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            terminal.line(f"\nfaults: {line}")
            terminal.flush()

    return tell
