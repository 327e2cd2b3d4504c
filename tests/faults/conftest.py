"""Fixtures for the fault tests: separate servers with one scenario, built once for the package."""

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
    """Return the servers, with Django using this test's own copy of the scenario."""
    with django_db_blocker.unblock(), stores.use_copy():
        yield stores


@pytest.fixture
def report_line(request: pytest.FixtureRequest) -> Callable[[object], None]:
    """Return a function that prints a line past pytest's capture, for the measured figures."""
    terminal = request.config.get_terminal_writer()

    def print_line(line: object) -> None:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            terminal.line(f"\nfaults: {line}")
            terminal.flush()

    return print_line
