"""The redirect against a bare granian of the same interface, and the clicks lost when it is killed.

    python -m benchmarks.redirect [--rounds 5] [--seconds 3]

Rounds of the bare server and of the redirect alternate; the value is the median of their ratios.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from benchmarks.own_database import own_database
from benchmarks.server import APPLICATIONS, HERE, run_server

DATABASE = "accord_bench_redirect"
CONNECTIONS = 64
KILLS = 5


def measure_rows(rounds: int = 5, seconds: float = 3) -> Iterator[dict[str, Any]]:
    """Yield two rows per interface: the ratio of rates, and the clicks lost to kills."""
    with own_database(DATABASE), tempfile.TemporaryDirectory() as folder:
        path = create_link()
        for interface in APPLICATIONS:
            yield measure_ratio(interface, path, Path(folder), rounds, seconds)
            yield measure_kills(interface, path, Path(folder))


def create_link() -> str:
    """Create a program with one affiliate and one link; return the link's path with sub-IDs."""
    from django.utils import timezone

    from agreements.models import Program
    from tests import scenarios
    from tracking.links import tracking_links

    scenarios.create_program()
    Program.objects.update_or_create(pk=1, defaults={"shop_hosts": ["shop.example"]})
    with tempfile.TemporaryDirectory() as folder:
        affiliate = scenarios.import_affiliates(["BENCH"], Path(folder))["BENCH"]
    link = tracking_links.create_link(
        affiliate=affiliate, target="https://shop.example/p?a=1#x", now=timezone.now(), by=None
    )
    return f"/r/{link.code}?sub1=news&sub2=spring"


def run_load(port: int, path: str, seconds: float, keep: bool = False) -> dict[str, Any]:
    """Run `benchmarks.load` and return its summary."""
    arguments = [str(port), path, str(CONNECTIONS), str(seconds), "keep" if keep else "-"]
    generator = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *arguments], cwd=HERE, check=True, capture_output=True, text=True
    )
    summary: dict[str, Any] = json.loads(generator.stdout)
    return summary


def measure_ratio(interface: str, path: str, folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Return the row of the rate relative to the bare server, measured in alternation."""
    ratios, rates = [], []
    with (
        run_server(interface, "bare", folder) as (bare, _),
        run_server(interface, APPLICATIONS[interface], folder) as (product, _),
    ):
        run_load(bare, path, 1)
        run_load(product, path, 2)  # loads the link and connects to the database
        for _round in range(rounds):
            bare_rate = run_load(bare, path, seconds)["rate"]
            rates.append(run_load(product, path, seconds)["rate"])
            ratios.append(rates[-1] / bare_rate)
    return {
        "work": f"redirect, {interface}, click durable: rate ÷ bare granian",
        "value": median(ratios),
        "spread": (min(ratios), max(ratios)),
        "at least": 0.12,
        "per second": median(rates),
    }


def measure_kills(interface: str, path: str, folder: Path) -> dict[str, Any]:
    """Return the row of clicks that were acknowledged before the processes were killed and then lost.

    Clicks that were only spooled to disk are recorded by the next process.
    """
    acknowledged: set[UUID] = set()
    recorded_at_once = 0
    for _round in range(KILLS):
        with run_server(interface, APPLICATIONS[interface], folder) as (port, process):
            run_load(port, path, 1)
            killer = threading.Timer(2, os.killpg, (process.pid, signal.SIGKILL))
            killer.start()
            nonces = read_nonces(run_load(port, path, 4, keep=True)["locations"])
            killer.join()
        acknowledged |= nonces
        recorded_at_once += count_recorded(nonces)
    with run_server(interface, APPLICATIONS[interface], folder):
        deadline = time.monotonic() + 20
        while (recorded := count_recorded(acknowledged)) < len(acknowledged) and time.monotonic() < deadline:
            time.sleep(0.5)
    return {
        "work": f"redirect, {interface}, {KILLS} x kill -9: lost of {len(acknowledged):,} acknowledged clicks",
        "value": len(acknowledged) - recorded,
        "at most": 0,
        "recovered from disk": len(acknowledged) - recorded_at_once,
    }


def read_nonces(locations: list[str]) -> set[UUID]:
    """Return the nonces of the click IDs in these redirect targets."""
    from tracking.clicks import click_ids

    tokens = [click_ids.verify_click_id(parse_qs(urlsplit(one).query)["click_id"][0]) for one in locations]
    return {token.nonce for token in tokens if token}


def count_recorded(nonces: set[UUID]) -> int:
    """Return how many of these clicks are in the database."""
    from tracking.models import Click

    return Click.objects.filter(pk__in=nonces).count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    given = parser.parse_args()
    for row in measure_rows(given.rounds, given.seconds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
