"""The database roles, created once for all tests that connect as one of them."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.config.role_setup import Roles, create_roles


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
