"""Redirects by two processes against one: rates, clicks that share a commit, and the processor time of each part.

    python -m benchmarks.click_processes [--rounds 5] [--seconds 3]

Rounds with one process and with two alternate, on the same processors as PostgreSQL and the load generator.
"""

import argparse
import json
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.own_database import own_database
from benchmarks.redirect import create_link, run_load
from benchmarks.server import APPLICATIONS, Process, run_server

_TICKS = os.sysconf("SC_CLK_TCK")
# What is printed of each round, for one process and for two.
DETAILS = {
    "per second": "rate",
    "clicks in a commit": "clicks",
    "processor microseconds of a redirect, server": "server",
    "PostgreSQL": "postgres",
    "load generator": "generator",
    "switches between threads of the server for a redirect": "switches",
}
Round = dict[str, float]


def measure_rows(rounds: int = 5, seconds: float = 3) -> Iterator[dict[str, Any]]:
    """Yield a row per interface: the rate of two processes relative to one."""
    with own_database("accord_bench_click_processes"):
        path = create_link()
        for interface in APPLICATIONS:
            with ExitStack() as stack:
                servers = [_start_server(stack, interface, number) for number in (1, 2)]
                for port, _process in servers:
                    run_load(port, path, 2)
                measured = [
                    [_measure_round(port, process.pid, path, seconds) for port, process in servers]
                    for _round in range(rounds)
                ]
            yield _build_row(interface, measured)


def _start_server(stack: ExitStack, interface: str, processes: int) -> tuple[int, Process]:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    return stack.enter_context(run_server(interface, APPLICATIONS[interface], Path(folder), processes=processes))


def _build_row(interface: str, measured: list[list[Round]]) -> dict[str, Any]:
    ratios = [two["rate"] / one["rate"] for one, two in measured]
    row = {"work": f"redirect, {interface}, two processes: rate ÷ one", "value": median(ratios)}
    row["spread"] = (min(ratios), max(ratios))
    for title, name in DETAILS.items():
        one, two = (median(found[name] for found in column) for column in zip(*measured, strict=True))
        row[title] = f"{one:,.0f} and {two:,.0f}" if one >= 10 else f"{one:.1f} and {two:.1f}"
    return row


def _measure_round(port: int, server: int, path: str, seconds: float) -> Round:
    before = _read_counters(server)
    rate = run_load(port, path, seconds)["rate"]
    after = _read_counters(server)
    used = {name: after[name] - before[name] for name in after}
    clicks = rate * seconds
    return {name: used[name] / clicks for name in used} | {"rate": rate, "clicks": clicks / max(used["commits"], 1)}


def _read_counters(server: int) -> dict[str, float]:
    """Return processor microseconds of each part so far, the switches of the server's threads, and the commits."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT transaction), pg_backend_pid() FROM tracking_click")
        commits, backend = cursor.fetchone()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    tree = {server, *_list_children(server)}
    return {
        "server": sum(map(_read_microseconds, tree)),
        "postgres": sum(map(_read_microseconds, _list_children(_read_parent(backend)) - {backend})),
        "generator": (children.ru_utime + children.ru_stime) * 1e6,
        "switches": sum(map(_count_switches, tree)),
        "commits": commits,
    }


def _list_children(process: int) -> set[int]:
    found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {one for one in found if _read_parent(one) == process}


def _read_parent(process: int) -> int:
    try:
        return int(_read_stat(process)[1])
    except OSError:  # it has ended meanwhile
        return 0


def _read_microseconds(process: int) -> float:
    fields = _read_stat(process)
    return (int(fields[11]) + int(fields[12])) * 1e6 / _TICKS


def _read_stat(process: int) -> list[str]:
    """Return the fields of a process that come after its name, which may contain spaces."""
    return Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def _count_switches(process: int) -> int:
    texts = [path.read_text(encoding="ascii") for path in Path(f"/proc/{process}/task").glob("*/status")]
    lines = [line for text in texts for line in text.splitlines() if "ctxt_switches" in line]
    return sum(int(line.split()[1]) for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    given = parser.parse_args()
    for row in measure_rows(given.rounds, given.seconds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
