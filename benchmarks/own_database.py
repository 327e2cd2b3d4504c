"""A database of a benchmark's own, on the server that the checkout uses, dropped at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

HERE = Path(__file__).parents[1]


@contextmanager
def own_database(name: str) -> Iterator[str]:
    """A fresh, migrated database `name`, which Django uses from here on; its address."""
    os.environ.setdefault("DEBUG", "1")
    server_address = os.environ.get("DATABASE_URL", "")
    if not server_address:
        from config import embedded

        server_address = embedded.get_database_url(HERE / ".local")
    _execute(server_address, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    before = os.environ.copy()
    try:
        address = urlsplit(server_address)._replace(path=f"/{name}").geturl()
        os.environ |= {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings"}
        _migrate()
        yield address
    finally:
        _close_connections()
        _execute(server_address, f"DROP DATABASE {name} WITH (FORCE)")
        # Whoever asks for another one after this asks the same server for it.
        os.environ.clear()
        os.environ.update(before)


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


def _execute(server_address: str, *statements: str) -> None:
    # Over a connection of its own each time: a benchmark may stop the server meanwhile.
    with psycopg.connect(server_address, autocommit=True) as server:
        for statement in statements:
            server.execute(statement.encode())


def _migrate() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
