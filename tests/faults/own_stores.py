"""A separate PostgreSQL and Valkey that can be killed, with databases that are copies of one scenario."""

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import environ
import psycopg
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, connections

from config.embedded.place import Place
from config.embedded.postgres import Postgres
from config.embedded.server import Server
from config.embedded.valkey import Valkey

DATABASE_NAME = "accord"
# The Django settings in which two databases differ.
CONNECTION_SETTINGS = ("HOST", "PORT", "USER", "PASSWORD", "NAME")


class Stores:
    """The two running servers."""

    def __init__(self, postgres: Postgres, valkey: Valkey) -> None:
        self.postgres, self.valkey = postgres, valkey

    @contextmanager
    def use(self, name: str = DATABASE_NAME) -> Iterator[None]:
        """Have all threads use the database `name` of this server through Django."""
        new = environ.Env.db_url_config(self.postgres.url) | {"NAME": name}
        before = {key: connection.settings_dict[key] for key in CONNECTION_SETTINGS}
        _switch_database({key: new[key] for key in CONNECTION_SETTINGS})
        try:
            yield
        finally:
            _switch_database(before)

    @contextmanager
    def use_copy(self, name: str = "tested", *, of: str = DATABASE_NAME) -> Iterator[None]:
        """Copy a database, by default the scenario, have Django use the copy as in `use`, and drop it at the end."""
        connections.close_all()
        # A thread of an earlier test may still hold a connection, and only an unused database can be copied.
        self.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{of}'",
            f"CREATE DATABASE {name} TEMPLATE {of}",
        )
        try:
            with self.use(name):
                yield
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, *statements: str) -> None:
        address = self.postgres.url.rpartition("/")[0] + "/template1"
        with psycopg.connect(address, autocommit=True) as server:
            for statement in statements:
                server.execute(statement.encode())

    def crash(self) -> None:
        """Stop PostgreSQL as `pg_ctl stop -m immediate` does: at once, without a checkpoint, as in a power failure."""
        _end_server(self.postgres, signal.SIGQUIT)

    def lose_queue(self) -> None:
        """Kill Valkey and delete its data."""
        _end_server(self.valkey, signal.SIGKILL)
        shutil.rmtree(self.valkey.data)


def _end_server(server: Server, signal_number: signal.Signals) -> None:
    assert server.process
    server.process.send_signal(signal_number)
    server.process.wait()


def _switch_database(address: dict[str, str]) -> None:
    connections.close_all()
    # All threads create their connections from this dictionary.
    connection.settings_dict |= address
    ContentType.objects.clear_cache()


@contextmanager
def run_stores(fill: Callable[[Path], None]) -> Iterator[Stores]:
    """Run both servers with a migrated database, in which `fill` builds the scenario."""
    with run_empty_stores() as stores:
        with stores.use():
            call_command("migrate", verbosity=0)
            fill(stores.postgres.place.folder)
        yield stores


@contextmanager
def run_empty_stores() -> Iterator[Stores]:
    """Run both servers with an empty database."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        place = Place.for_folder(folder)
        place.make()
        stores = Stores(Postgres(place), Valkey(place))
        try:
            stores.postgres.start()
            # Only processes crash here, not the machine, so writes that the kernel has accepted are safe without fsync.
            stores.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
            stores.valkey.start()
            yield stores
        finally:
            stores.postgres.stop()
            stores.valkey.stop()
