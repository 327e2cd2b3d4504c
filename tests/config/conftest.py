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


@pytest.fixture
def app(roles: Roles) -> Iterator[psycopg.Connection]:
    """Connect as the application and roll back at the end."""
    with psycopg.connect(roles.app) as connection:
        yield connection
        connection.rollback()
