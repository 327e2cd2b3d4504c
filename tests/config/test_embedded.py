"""The embedded PostgreSQL and Valkey of a checkout ..."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded

pytestmark = pytest.mark.serial

CONFIG = Path(embedded.__file__).parent.parent
# Says the addresses, and uses the servers until its standard input is closed.
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
        self.said = ""

    @property
    def urls(self) -> list[str]:
        assert self.process.stdout
        self.said = self.said or self.process.stdout.readline()
        return list(json.loads(self.said))

    def leave(self) -> tuple[str, str]:
        """Return what it said on both outputs after its addresses."""
        return self.process.communicate(timeout=30)

    def pids(self) -> dict[str, int]:
        """Return the numbers of the servers' processes and of their keeper."""
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
    # A path that is too long for a Unix socket, and that a shell would take apart.
    folder = tmp_path_factory.mktemp("a 'check' out") / ("long " * 20) / ".local"
    folder.parent.mkdir()
    yield folder
    subprocess.run([sys.executable, "-m", "embedded", "clean", str(folder)], cwd=CONFIG, check=True)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(database: str, cache: str) -> bool:
    """Count a visit in both stores; say whether both answered."""
    try:
        with psycopg.connect(database, connect_timeout=2) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS visit ()")
            connection.execute("INSERT INTO visit DEFAULT VALUES")
        with redis.from_url(cache) as client:
            client.incr("visits")
    except (psycopg.OperationalError, redis.ConnectionError):
        return False
    return True


def visits(database: str, cache: str) -> tuple[int, int]:
    with psycopg.connect(database) as connection, redis.from_url(cache) as client:
        row = connection.execute("SELECT count(*) FROM visit").fetchone()
        assert row
        return row[0], int(client.get("visits") or 0)


def test_are_started_once_by_twenty_that_need_them_at_once(folder: Path) -> None:
    users = [User(folder) for _ in range(20)]
    assert len({tuple(user.urls) for user in users}) == 1
    assert answers(*users[0].urls)
    said = [user.leave() for user in users]
    assert [out for out, _ in said] == [""] * 20
    assert len([err for _, err in said if "their data is in" in err]) == 1
    assert "".join(err for _, err in said).count("\n") == 1


def test_answer_from_a_running_server_within_milliseconds(folder: Path) -> None:
    user = User(folder)
    assert user.urls == list(embedded.get_urls(folder))
    assert min(timeit.repeat(lambda: embedded.get_urls(folder), number=1, repeat=20)) < 0.01
    os.close(embedded._leases.pop(folder))
    user.leave()


def test_keep_their_data_when_everything_is_killed(folder: Path) -> None:
    user = User(folder)
    assert answers(*user.urls)
    before = visits(*user.urls)
    for pid in (user.process.pid, *user.pids().values()):
        os.kill(pid, signal.SIGKILL)
    user.leave()
    user = User(folder)
    assert visits(*user.urls) == before
    user.leave()


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_are_started_again_where_they_were_when_one_ends_by_itself(folder: Path, name: str) -> None:
    user = User(folder)
    urls, ended = user.urls, user.pids()[name]
    os.kill(ended, signal.SIGKILL)
    wait_until(lambda: answers(*urls))
    assert user.pids()[name] != ended
    assert User(folder).leave() == (json.dumps(urls) + "\n", "")
    user.leave()


def test_end_with_their_last_user_even_a_killed_one(folder: Path) -> None:
    user, other = User(folder), User(folder)
    assert answers(*user.urls)
    assert other.urls == user.urls
    other.leave()
    time.sleep(GRACE_SECONDS + 1)
    assert answers(*user.urls)
    user.process.kill()
    wait_until(lambda: not answers(*user.urls))
    wait_until(lambda: not (folder / "servers.json").exists())
    user.leave()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is dead")
def test_end_with_their_keeper(folder: Path) -> None:
    user = User(folder)
    urls = user.urls
    os.kill(user.pids()["keeper"], signal.SIGKILL)
    wait_until(lambda: not answers(*urls))
    assert User(folder).leave()[0] == json.dumps(urls) + "\n"
    user.leave()


def test_of_another_checkout_are_others(folder: Path, tmp_path: Path) -> None:
    user, other = User(folder), User(tmp_path / ".local")
    assert set(user.urls).isdisjoint(other.urls)
    assert answers(*user.urls)
    assert answers(*other.urls)
    assert visits(*other.urls) == (1, 1)
    assert visits(*user.urls) > (1, 1)
    user.leave()
    # Removed under its user's feet, as by a `make clean` in another terminal.
    subprocess.run([sys.executable, "-m", "embedded", "clean", str(other.folder)], cwd=CONFIG, check=True)
    assert not other.folder.exists()
    assert not answers(*other.urls)
    other.leave()


def test_of_a_copied_checkout_are_others_too(folder: Path, tmp_path: Path) -> None:
    user = User(folder)
    before = visits(*user.urls)
    copy = tmp_path / ".local"
    shutil.copytree(folder, copy)
    other = User(copy)
    assert set(user.urls).isdisjoint(other.urls)
    assert answers(*other.urls)
    assert visits(*user.urls) == before
    user.leave()
    other.leave()
    subprocess.run([sys.executable, "-m", "embedded", "clean", str(copy)], cwd=CONFIG, check=True)


def test_stay_out_of_it_where_both_addresses_are_given() -> None:
    program = "import sys, config.settings; print([name for name in sys.modules if 'embedded' in name])"
    given = {"DEBUG": "1", "DATABASE_URL": "postgres://u:p@127.0.0.1:1/n", "REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.check_output(
        [sys.executable, "-c", program], cwd=CONFIG.parent, env={**os.environ, **given}, text=True
    )
    assert done == "[]\n"
