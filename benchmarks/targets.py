"""The daily evaluation of the sales targets of all affiliates, against one scan of the orders in the window.

python -m benchmarks.targets [--affiliates 100000] [--orders 1000000] [--rounds 5]
"""

import argparse
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from benchmarks.own_database import own_database


def measure_rows(affiliates: int, orders: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield one row; rounds of the evaluation and of the scan alternate."""
    now = datetime(2025, 12, 1, tzinfo=UTC)
    with own_database("accord_bench_targets"):
        from benchmarks import population
        from compliance.targets.met_targets import list_uncertain_affiliates
        from compliance.targets.target_evaluation import evaluate_targets

        population.create_program()
        population.copy_affiliates(affiliates)
        population.copy_orders(orders, affiliates=affiliates, since=now - timedelta(days=200), until=now)
        ratios = []
        for _round in range(rounds):
            started = time.perf_counter()
            evaluations = evaluate_targets(list_uncertain_affiliates(now=now), now=now)
            seconds = time.perf_counter() - started
            # That of the affiliate whom the others are copied from, with one order.
            assert len(evaluations) == 1
            ratios.append(seconds / _measure_scan(now))
    yield {
        "work": f"sales targets of {affiliates:,} affiliates: time ÷ one scan of the orders in the window",
        "value": median(ratios),
        "spread": (min(ratios), max(ratios)),
        "at most": 1.5,
    }


def _measure_scan(now: datetime) -> float:
    from django.db import connection

    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT affiliate_id, count(*) FROM tracking_order"
            " WHERE placed_at >= %s AND placed_at <= %s GROUP BY affiliate_id",
            [now - timedelta(days=180), now],
        )
        cursor.fetchall()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--affiliates", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for row in measure_rows(given.affiliates, given.orders, given.rounds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
