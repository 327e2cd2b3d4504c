"""A primary, two streaming standbys and Valkey, from the binaries of the embedded servers."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from config.embedded.place import CannotStartError, Place
from config.embedded.postgres import Postgres
from config.embedded.server import ENVIRONMENT
from config.embedded.valkey import Valkey

STANDBYS = ("one", "two")
# A commit waits for one of the standbys, so that a primary that dies takes no answer with it, and either may be away.
SYNCHRONOUS = f"ANY 1 ({', '.join(STANDBYS)})"


class Primary(Postgres):
    """A PostgreSQL server that standbys can follow, with the default number of connections."""

    def __init__(self, place: Place, name: str = "primary") -> None:
        self.name = name
        super().__init__(place)

    def build_command(self) -> list[str]:
        # The last value of an option counts. Standbys report by this name.
        return [*super().build_command(), "--max_connections=100", f"--cluster_name={self.name}"]

    def execute(self, sql: str) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def get_value(self, sql: str) -> Any:
        return self.execute(sql)[0][0]

    def wait_for_standbys(self, synchronous: str) -> None:
        self.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{synchronous}'")
        self.execute("SELECT pg_reload_conf()")

    def kill(self) -> None:
        """Kill the server as the kernel would."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Standby(Primary):
    """A copy of the primary that follows it."""

    def __init__(self, place: Place, name: str, primary: Primary) -> None:
        super().__init__(place, name)
        self.primary = primary

    def make_data(self) -> None:
        if self.data.exists():
            return
        self.data.mkdir(mode=0o700)
        self.place.set_owner(self.data)
        address = ["--host=127.0.0.1", f"--port={self.primary.port}", "--username=accord"]
        done = subprocess.run(
            [
                self._find_program("pg_basebackup"),
                f"--pgdata={self.data}",
                "--write-recovery-conf",
                "--checkpoint=fast",
                *address,
            ],
            env=ENVIRONMENT | {"PGPASSWORD": self.place.password},
            cwd=self.place.home,
            capture_output=True,
            text=True,
            check=False,
            **self.place.credentials,
        )
        if done.returncode:
            raise CannotStartError(done.stderr)

    def promote(self) -> None:
        self.execute("SELECT pg_promote()")

    def follow(self, primary: Primary) -> None:
        """Follow another primary, which must not be behind."""
        address = f"host=127.0.0.1 port={primary.port} user=accord password={self.place.password}"
        self.execute(f"ALTER SYSTEM SET primary_conninfo = '{address}'")
        self.execute("SELECT pg_reload_conf()")

    def count_received_bytes(self) -> int:
        # A standby that has just started knows only what it has replayed.
        sql = "SELECT (greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0')::bigint"
        return int(self.get_value(sql))


class Servers:
    """All servers, with their data in one folder."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o711)
        self.place = Place.for_folder(folder)
        self.place.make()
        self.primary: Primary = Primary(self.place)
        self.standbys = [Standby(self.place, name, self.primary) for name in STANDBYS]
        self.valkey = Valkey(self.place)

    def start_primary(self) -> None:
        self.primary.start()
        self.valkey.start()
        os.environ |= {"DATABASE_URL": self.primary.url, "REDIS_URL": self.valkey.url}

    def start_standbys(self) -> None:
        for standby in self.standbys:
            standby.start()
        self.primary.wait_for_standbys(SYNCHRONOUS)

    def fail_over(self) -> tuple[Standby, Standby]:
        """Kill the primary and promote the standby that received most. Return it and the one that now follows it."""
        self.primary.kill()
        follower, chosen = sorted(self.standbys, key=Standby.count_received_bytes)
        chosen.promote()
        follower.follow(chosen)
        self.primary, self.standbys = chosen, [follower]
        return chosen, follower

    def stop(self) -> None:
        for server in (*self.standbys, self.primary, self.valkey):
            server.stop()
