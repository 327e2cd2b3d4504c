"""The world that is closed while things die, on servers of its own, made once for all of these tests."""

from collections.abc import Callable, Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.faults import sixty
from tests.faults.own_stores import Stores, own_stores


@pytest.fixture(scope="package")
def stores(django_db_blocker: DjangoDbBlocker) -> Iterator[Stores]:
    with django_db_blocker.unblock(), own_stores(sixty.fill) as started:
        yield started


@pytest.fixture
def world(stores: Stores, django_db_blocker: DjangoDbBlocker) -> Iterator[Stores]:
    """The servers, and a copy of the world that is this test's own."""
    with django_db_blocker.unblock(), stores.copy_used():
        yield stores


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Callable[[object], None]:
    """Print a line past pytest's capture: the figures are what these tests are run for."""
    terminal = request.config.get_terminal_writer()

    def tell(line: object) -> None:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            terminal.line(f"\nfaults: {line}")
            terminal.flush()

    return tell
