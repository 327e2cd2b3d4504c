"""Fixtures: errors of the configuration, and the database roles, created once for all tests that connect as one."""

from collections.abc import Iterator

import psycopg
import pytest

from config import environment
from tests.config.role_setup import Roles, create_roles


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The errors of the configuration that a test reports."""
    monkeypatch.setattr(environment, "_errors", [])
    return environment._errors


@pytest.fixture(scope="session")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    with create_roles(tmp_path_factory.mktemp("program")) as created:
        yield created


@pytest.fixture(scope="session")
def app_connection(roles: Roles) -> Iterator[psycopg.Connection]:
    with psycopg.connect(roles.app, prepare_threshold=None) as connection:
        yield connection


@pytest.fixture
def app(app_connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Return a connection as the application, and roll back at the end."""
    yield app_connection
    app_connection.rollback()
