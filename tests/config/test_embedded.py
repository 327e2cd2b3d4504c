"""The embedded PostgreSQL and Valkey servers of a checkout."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest
import redis

from config import embedded

pytestmark = pytest.mark.slow

CONFIG = Path(embedded.__file__).parent.parent
# Prints the URLs and uses the servers until its standard input is closed.
USER = """
import json, pathlib, sys
import embedded
print(json.dumps(embedded.get_urls(pathlib.Path(sys.argv[1]))), flush=True)
sys.stdin.read()
"""
GRACE_SECONDS = 1


class User:
    """A process that uses the servers of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            cwd=CONFIG,
            env={**os.environ, "EMBEDDED_GRACE_SECONDS": str(GRACE_SECONDS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.output = ""

    @property
    def urls(self) -> list[str]:
        assert self.process.stdout
        self.output = self.output or self.process.stdout.readline()
        return list(json.loads(self.output))

    def stop(self) -> tuple[str, str]:
        """Stop the process and return its remaining output and its errors."""
        return self.process.communicate(timeout=30)

    def get_pids(self) -> dict[str, int]:
        """Return the process ids of the servers and their keeper."""
        home = Path(json.loads(subprocess.check_output([sys.executable, "-c", HOME, str(self.folder)], cwd=CONFIG)))
        pids = {
            "postgres": int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0]),
            "valkey": int((home / "valkey" / "valkey.pid").read_text()),
        }
        parent = subprocess.check_output(["ps", "-o", "ppid=", "-p", str(pids["postgres"])], text=True)
        return {**pids, "keeper": int(parent)}


HOME = """
import json, pathlib, sys
from embedded.place import Place
print(json.dumps(str(Place.for_folder(pathlib.Path(sys.argv[1])).home)))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # A path with spaces and quotes that is too long for a Unix socket.
    folder = tmp_path_factory.mktemp("a 'check' out") / ("long " * 20) / ".local"
    folder.parent.mkdir()
    yield folder
    subprocess.run([sys.executable, "-m", "embedded", "clean", str(folder)], cwd=CONFIG, check=True)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def write_to_both(database: str, cache: str) -> bool:
    """Count a visit in both stores. Return whether both are available."""
    try:
        with psycopg.connect(database, connect_timeout=2) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS visit ()")
            connection.execute("INSERT INTO visit DEFAULT VALUES")
        with redis.from_url(cache) as client:
            client.incr("visits")
    except (psycopg.OperationalError, redis.ConnectionError):
        return False
    return True


def get_visits(database: str, cache: str) -> tuple[int, int]:
    with psycopg.connect(database) as connection, redis.from_url(cache) as client:
        row = connection.execute("SELECT count(*) FROM visit").fetchone()
        assert row
        return row[0], int(client.get("visits") or 0)


def test_twenty_concurrent_users_start_servers_once(folder: Path) -> None:
    users = [User(folder) for _ in range(20)]
    assert len({tuple(user.urls) for user in users}) == 1
    assert write_to_both(*users[0].urls)
    outputs = [user.stop() for user in users]
    assert [out for out, _ in outputs] == [""] * 20
    assert len([err for _, err in outputs if "their data is in" in err]) == 1
    assert "".join(err for _, err in outputs).count("\n") == 1


def test_urls_of_running_servers_are_returned_without_a_process_or_a_wait(folder: Path) -> None:
    user = User(folder)
    urls = user.urls
    with patch("subprocess.run") as run, patch("fcntl.flock", wraps=fcntl.flock) as flock:
        assert urls == [*embedded.get_urls(folder)] == [*embedded.get_urls(folder)]
    run.assert_not_called()
    # The lease is taken once. Only `start.lock` is waited for while another process starts the servers.
    waits = [call.args[1] for call in flock.call_args_list if not call.args[1] & fcntl.LOCK_NB]
    assert waits == [fcntl.LOCK_SH]
    os.close(embedded._leases.pop(folder))
    user.stop()


def test_data_survives_kill_of_all_processes(folder: Path) -> None:
    user = User(folder)
    assert write_to_both(*user.urls)
    before = get_visits(*user.urls)
    for pid in (user.process.pid, *user.get_pids().values()):
        os.kill(pid, signal.SIGKILL)
    user.stop()
    user = User(folder)
    assert get_visits(*user.urls) == before
    user.stop()


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_server_is_restarted_on_same_port_when_it_ends(folder: Path, name: str) -> None:
    user = User(folder)
    urls, pid = user.urls, user.get_pids()[name]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: write_to_both(*urls))
    assert user.get_pids()[name] != pid
    assert User(folder).stop() == (json.dumps(urls) + "\n", "")
    user.stop()


def test_servers_stop_after_last_user_was_killed(folder: Path) -> None:
    user, other = User(folder), User(folder)
    assert write_to_both(*user.urls)
    assert other.urls == user.urls
    other.stop()
    time.sleep(GRACE_SECONDS + 1)
    assert write_to_both(*user.urls)
    user.process.kill()
    wait_until(lambda: not write_to_both(*user.urls))
    wait_until(lambda: not (folder / "servers.json").exists())
    user.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a child when its parent dies")
def test_servers_stop_with_their_keeper(folder: Path) -> None:
    user = User(folder)
    urls = user.urls
    os.kill(user.get_pids()["keeper"], signal.SIGKILL)
    wait_until(lambda: not write_to_both(*urls))
    assert User(folder).stop()[0] == json.dumps(urls) + "\n"
    user.stop()


def test_other_checkout_has_its_own_servers(folder: Path, tmp_path: Path) -> None:
    user, other = User(folder), User(tmp_path / ".local")
    assert set(user.urls).isdisjoint(other.urls)
    assert write_to_both(*user.urls)
    assert write_to_both(*other.urls)
    assert get_visits(*other.urls) == (1, 1)
    assert get_visits(*user.urls) > (1, 1)
    user.stop()
    # Deleted while in use, as by `make clean` in another terminal.
    subprocess.run([sys.executable, "-m", "embedded", "clean", str(other.folder)], cwd=CONFIG, check=True)
    assert not other.folder.exists()
    assert not write_to_both(*other.urls)
    other.stop()


def test_copied_checkout_has_its_own_servers(folder: Path, tmp_path: Path) -> None:
    user = User(folder)
    before = get_visits(*user.urls)
    copy = tmp_path / ".local"
    shutil.copytree(folder, copy)
    other = User(copy)
    assert set(user.urls).isdisjoint(other.urls)
    assert write_to_both(*other.urls)
    assert get_visits(*user.urls) == before
    user.stop()
    other.stop()
    subprocess.run([sys.executable, "-m", "embedded", "clean", str(copy)], cwd=CONFIG, check=True)


def test_embedded_package_is_not_imported_if_both_urls_are_set() -> None:
    program = "import sys, config.settings; print([name for name in sys.modules if 'embedded' in name])"
    environment = {"DEBUG": "1", "DATABASE_URL": "postgres://u:p@127.0.0.1:1/n", "REDIS_URL": "redis://127.0.0.1:1/0"}
    output = subprocess.check_output(
        [sys.executable, "-c", program], cwd=CONFIG.parent, env={**os.environ, **environment}, text=True
    )
    assert output == "[]\n"
