"""A PostgreSQL and a Valkey that are nobody else's, so that they can be killed, and databases of copies of one scenario."""

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
# What Django is told of a database, and what differs between two of them.
CONNECTION_SETTINGS = ("HOST", "PORT", "USER", "PASSWORD", "NAME")


class Stores:
    """The two servers while they run."""

    def __init__(self, postgres: Postgres, valkey: Valkey) -> None:
        self.postgres, self.valkey = postgres, valkey

    @contextmanager
    def use(self, name: str = DATABASE_NAME) -> Iterator[None]:
        """Have Django, in all threads, use the database `name` of this server instead of its own."""
        ours = environ.Env.db_url_config(self.postgres.url) | {"NAME": name}
        before = {key: connection.settings_dict[key] for key in CONNECTION_SETTINGS}
        _switch_database({key: ours[key] for key in CONNECTION_SETTINGS})
        try:
            yield
        finally:
            _switch_database(before)

    @contextmanager
    def use_copy(self, name: str = "tried", *, of: str = DATABASE_NAME) -> Iterator[None]:
        """As `used`, of a copy of the scenario or another database, which is gone afterwards."""
        connections.close_all()
        self.execute(f"CREATE DATABASE {name} TEMPLATE {of}")
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
        """What `pg_ctl stop -m immediate` does: PostgreSQL ends at once, as if the power went, and starts no more."""
        _end_server(self.postgres, signal.SIGQUIT)

    def lose_queue(self) -> None:
        """Valkey is killed, and its disk is gone."""
        _end_server(self.valkey, signal.SIGKILL)
        shutil.rmtree(self.valkey.data)


def _end_server(server: Server, sign: signal.Signals) -> None:
    assert server.process
    server.process.send_signal(sign)
    server.process.wait()


def _switch_database(address: dict[str, str]) -> None:
    connections.close_all()
    # Every thread's connection is made from this one dictionary.
    connection.settings_dict |= address
    ContentType.objects.clear_cache()


@contextmanager
def run_stores(fill: Callable[[Path], None]) -> Iterator[Stores]:
    """Both servers, with a migrated database that `fill` has made a scenario in."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        place = Place.for_folder(folder)
        place.make()
        stores = Stores(Postgres(place), Valkey(place))
        try:
            stores.postgres.start()
            # Processes die here, never the machine: what PostgreSQL has given to the kernel is safe without waiting for a disk.
            stores.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
            stores.valkey.start()
            with stores.use():
                call_command("migrate", verbosity=0)
                fill(folder)
            yield stores
        finally:
            stores.postgres.stop()
            stores.valkey.stop()
