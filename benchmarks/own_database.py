"""A temporary database for a benchmark, on the server that the checkout uses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

HERE = Path(__file__).parents[1]


@contextmanager
def own_database(name: str) -> Iterator[str]:
    """Create and migrate the database `name`, have Django use it, yield its address, and drop it at the end."""
    os.environ.setdefault("DEBUG", "1")
    server_address = os.environ.get("DATABASE_URL", "")
    if not server_address:
        from config import embedded

        server_address = embedded.get_database_url(HERE / ".local")
    _execute(server_address, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    environment_before = os.environ.copy()
    try:
        address = urlsplit(server_address)._replace(path=f"/{name}").geturl()
        os.environ |= {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings"}
        _migrate()
        yield address
    finally:
        _close_connections()
        _execute(server_address, f"DROP DATABASE {name} WITH (FORCE)")
        # So that the next database is created on the same server.
        os.environ.clear()
        os.environ.update(environment_before)


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


def _execute(server_address: str, *statements: str) -> None:
    # A new connection each time: a benchmark may have stopped the server since.
    with psycopg.connect(server_address, autocommit=True) as server:
        for statement in statements:
            server.execute(statement.encode())


def _migrate() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
