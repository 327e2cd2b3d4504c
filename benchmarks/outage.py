"""Redirects at a fixed rate during an outage of PostgreSQL or Valkey: response times and lost clicks.

    python -m benchmarks.outage [--seconds 30]

The rate is half of what the redirect has just reached on this machine. The benchmark runs its own servers.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.own_database import own_database
from benchmarks.redirect import count_recorded, create_link, read_nonces, run_load
from benchmarks.server import APPLICATIONS, HERE, run_server

BEFORE_SECONDS, AFTER_SECONDS = 5, 10
MAX_SECONDS = 0.25
# Within this time after an outage, recording must have resumed automatically.
RECOVERY_SECONDS = 60
# A delay of each packet in both directions, so that a commit takes longer than a redirect waits for it.
SLOW_SECONDS = 0.15


def measure_rows(seconds: float = 30) -> Iterator[dict[str, Any]]:
    """Yield a row per outage and interface; `value` is the longest response time in seconds."""
    with (
        run_servers() as (postgres, valkey),
        own_database("accord_bench_outage"),
        tempfile.TemporaryDirectory() as name,
    ):
        from django.db import connection

        from tests.tracking.served_redirect import Proxy

        path = create_link()
        # Delays all traffic between the redirect and PostgreSQL.
        database = connection.settings_dict
        proxy = Proxy(database["HOST"] or "127.0.0.1", int(database["PORT"]))
        # The first is the control: it shows how busy the machine is.
        outages: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            "nothing stopped": (lambda: None, lambda: None),
            "PostgreSQL stopped": (postgres.stop, postgres.start),
            "PostgreSQL paused": (
                lambda: _signal_all(postgres, signal.SIGSTOP),
                lambda: _signal_all(postgres, signal.SIGCONT),
            ),
            "PostgreSQL slow": (lambda: setattr(proxy, "delay", SLOW_SECONDS), lambda: setattr(proxy, "delay", 0.0)),
            "Valkey stopped": (valkey.stop, valkey.start),
        }
        for outage, (begin, end) in outages.items():
            for interface in APPLICATIONS:
                address = urlsplit(os.environ["DATABASE_URL"])
                if outage == "PostgreSQL slow":
                    login = address.netloc.rpartition("@")[0]
                    address = address._replace(netloc=f"{login}@127.0.0.1:{proxy.port}")
                folder = Path(name, f"{outage} {interface}")
                folder.mkdir()
                yield _measure_row(
                    f"{interface}, {outage} for {seconds:g} s",
                    interface, address.geturl(), path, folder, seconds, begin, end,
                )  # fmt: skip


@contextmanager
def run_servers() -> Iterator[tuple[Any, Any]]:
    """Run a separate PostgreSQL and Valkey, with their addresses in the environment."""
    from config.embedded.place import Place
    from config.embedded.postgres import Postgres
    from config.embedded.valkey import Valkey

    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        place = Place.for_folder(Path(name))
        place.make()
        servers = Postgres(place), Valkey(place)
        try:
            for server in servers:
                server.start()
            os.environ |= {"DEBUG": "1", "DATABASE_URL": servers[0].url, "REDIS_URL": servers[1].url}
            yield servers
        finally:
            for server in servers:
                server.stop()


def _measure_row(
    work: str,
    interface: str,
    database_url: str,
    path: str,
    folder: Path,
    seconds: float,
    begin: Callable[[], None],
    end: Callable[[], None],
) -> dict[str, Any]:
    from django.db import connection

    with run_server(interface, APPLICATIONS[interface], folder, database_url=database_url) as (port, _):
        run_load(port, path, 2)
        rate = run_load(port, path, 3)["rate"] / 2
        counts_before = _count_late_and_lost()
        generator = _start_arrivals(port, path, rate, BEFORE_SECONDS + seconds + AFTER_SECONDS)
        time.sleep(BEFORE_SECONDS)
        begin()
        time.sleep(seconds)
        end()
        connection.close()  # broken if the server was stopped
        summary = json.loads(generator.communicate()[0])
        nonces = read_nonces(summary["locations"])
        recovery_seconds, recorded = _wait_until_recorded(nonces, counts_before)
        late, lost = (now - before for now, before in zip(_count_late_and_lost(), counts_before, strict=True))
    return {
        "work": f"redirects at {rate:.0f}/s, {work}: longest response time",
        "value": round(summary["worst"], 3),
        "at most": MAX_SECONDS,
        "longest from sending": round(summary["worst_sent"], 3),
        "p99": round(summary["p99"], 4),
        "responses": summary["answers"],
        "other than 302": summary["errors"]
        + sum(number for status, number in summary["statuses"].items() if status != "302"),
        "unrecorded": len(nonces) - recorded,
        "reported to staff as lost": lost,
        "reported to staff as late": late,
        "seconds until all recorded": recovery_seconds,
    }


def _start_arrivals(port: int, path: str, rate: float, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.arrivals", str(port), path, str(rate), str(seconds)]
    return subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True)


def _wait_until_recorded(nonces: set[Any], counts_before: tuple[int, int]) -> tuple[float, int]:
    """Wait until every click is recorded or reported as lost; return the seconds and the number recorded."""
    started, recorded = time.monotonic(), 0
    while time.monotonic() - started < RECOVERY_SECONDS:
        recorded = count_recorded(nonces)
        if recorded + _count_late_and_lost()[1] - counts_before[1] >= len(nonces):
            break
        time.sleep(0.5)
    return round(time.monotonic() - started, 1), recorded


def _count_late_and_lost() -> tuple[int, int]:
    """Return the numbers of clicks recorded late and lost, as the admin lists them."""
    from django.db.models import Sum

    from tracking.models import ClickLoss

    sums = ClickLoss.objects.aggregate(late=Sum("late"), lost=Sum("count"))
    return sums["late"] or 0, sums["lost"] or 0


def _signal_all(server: Any, signal_number: signal.Signals) -> None:
    """Signal a server and its children."""
    parent = server.process.pid
    children = subprocess.check_output(["ps", "-o", "pid=", "--ppid", str(parent)], text=True)
    for pid in [parent, *map(int, children.split())]:
        os.kill(pid, signal_number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    for row in measure_rows(parser.parse_args().seconds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
