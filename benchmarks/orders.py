"""Orders over HTTP, with API key, snapshot history, attribution and pricing, against the bare database.

    python -m benchmarks.orders [--rounds 5] [--batches 10] [--puts 400]

Rounds of the product and of the bare database alternate; the value is the median of their ratios.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.own_database import HERE, own_database
from benchmarks.server import run_server

BATCH, LINES = 1_000, 3
SENDERS = 4
AFFILIATES = 2_000
STARTS_AT = datetime(2026, 1, 1, tzinfo=UTC)


def build_snapshots(prefix: str, count: int) -> list[dict[str, Any]]:
    """Return completed orders of three lines each, with the coupons of 2,000 affiliates, over ten months."""
    from benchmarks.population import RATE_CARD
    from tests.scenarios import build_order

    categories = list(RATE_CARD)
    snapshots = []
    for number in range(count):
        placed = STARTS_AT + timedelta(minutes=number * 7919 % 430_000)
        lines = [
            (categories[(number + at) % len(categories)], f"{(number * 7 + at) % 900 + 1}.{number * 13 % 100:02d}")
            for at in range(LINES)
        ]
        snapshots.append(
            build_order(
                f"{prefix}{number}",
                *lines,
                placed=placed.isoformat(),
                at=(placed + timedelta(days=2)).isoformat(),
                completed=(placed + timedelta(days=1)).isoformat(),
                coupon=f"N{1 + number * 17 % AFFILIATES}",
            )
        )
    return snapshots


def send_requests(port: int, key: str, connections: int, requests: list[str], kind: str = "") -> float:
    """Return the seconds that the server takes for all requests; `kind` is a content type other than the product's."""
    with tempfile.TemporaryDirectory() as folder:
        for number, request in enumerate(requests):
            Path(folder, f"{number:06d}").write_text(request, encoding="utf-8")
        senders = subprocess.run(
            [sys.executable, "-m", "benchmarks.senders", str(port), key, str(connections), folder, kind],
            cwd=HERE, check=True, capture_output=True, text=True,
        )  # fmt: skip
    result = json.loads(senders.stdout)
    if result["failed"]:
        raise SystemExit(f"rejected: {result['failed']}")
    seconds: float = result["seconds"]
    return seconds


def measure_batches(port: int, key: str, prefix: str, count: int) -> float:
    """Return the order lines a second, in batches of 1,000 orders."""
    orders = build_snapshots(prefix, count * BATCH)
    requests = [
        "POST /api/v1/orders/batch\n" + "\n".join(json.dumps(one) for one in orders[first : first + BATCH])
        for first in range(0, len(orders), BATCH)
    ]
    return len(orders) * LINES / send_requests(port, key, SENDERS, requests)


def measure_puts(port: int, key: str, prefix: str, count: int) -> float:
    """Return the requests a second, with one order each."""
    requests = [f"PUT /api/v1/orders/{one['order_id']}\n{json.dumps(one)}" for one in build_snapshots(prefix, count)]
    return count / send_requests(port, key, 2 * SENDERS, requests)


def measure_rows(rounds: int, batches_a_round: int, puts_a_round: int) -> Iterator[dict[str, Any]]:
    """Yield one row for batches and one for single orders."""
    with (
        own_database("accord_bench_orders") as address,
        tempfile.TemporaryDirectory() as folder,
        run_intake(Path(folder)) as (port, key),
    ):
        measure_batches(port, key, "warm", 1)
        yield _build_row(
            f"orders in batches of {BATCH:,}: lines/s ÷ raw COPY",
            [_measure_batch_round(port, key, address, f"B{n}-", batches_a_round) for n in range(rounds)],
        )
        yield _build_row(
            "single orders by PUT: requests/s ÷ bare transactions/s",
            [_measure_put_round(port, key, address, f"P{n}-", puts_a_round) for n in range(rounds)],
        )


@contextmanager
def run_intake(folder: Path) -> Iterator[tuple[int, str]]:
    """Create a program with 2,000 affiliates and run the web server; yield its port and an API key."""
    from accounts import api_keys
    from benchmarks import population

    population.create_program()
    population.copy_affiliates(AFFILIATES)
    key = api_keys.create(name="the shop", now=datetime.now(UTC), by=None)[1]
    with run_server("wsgi", "config.wsgi:application", folder) as (port, _process):
        yield port, key


def _measure_batch_round(port: int, key: str, address: str, prefix: str, count: int) -> tuple[float, float]:
    from benchmarks.bare_tables import BareTables

    rate = measure_batches(port, key, prefix, count)
    return rate, count * BATCH * LINES / BareTables(address, prefix).measure_copy()


def _measure_put_round(port: int, key: str, address: str, prefix: str, count: int) -> tuple[float, float]:
    from benchmarks.bare_tables import BareTables

    rate = measure_puts(port, key, prefix, count)
    return rate, BareTables(address, prefix).measure_transactions(2 * SENDERS, count)


def _build_row(work: str, rates: list[tuple[float, float]]) -> dict[str, Any]:
    ratios = [rate / bare_rate for rate, bare_rate in rates]
    return {
        "work": work,
        "value": median(ratios),
        "spread": (min(ratios), max(ratios)),
        "at least": 0.3,
        "per second": median(rate for rate, _bare_rate in rates),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--puts", type=int, default=400)
    given = parser.parse_args()
    for row in measure_rows(given.rounds, given.batches, given.puts):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
