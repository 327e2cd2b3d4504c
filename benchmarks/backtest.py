"""The backtest of a draft over a million order lines: time, memory, and a check of its sums against the rows.

python -m benchmarks.backtest [--lines 1000000] [--affiliates 100000]
"""

import argparse
import json
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.own_database import own_database

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)


def measure_rows(lines: int, affiliates: int) -> Iterator[dict[str, Any]]:
    """Yield one row per draft."""
    with own_database("accord_bench_backtest"):
        from agreements import version_drafts
        from benchmarks import population
        from payouts.commissions import backtest

        population.create_program()
        population.copy_affiliates(affiliates)
        since = UNTIL - timedelta(days=360)
        population.copy_orders(lines, affiliates=affiliates, since=since, until=UNTIL)
        for change, terms in (("new rates", {}), ("new rates and a cap", {"order_commission_cap": 5})):
            draft = version_drafts.start_draft(now=UNTIL, by=None)
            draft.rates.filter(category="home-decor").update(percent="4.00")
            for term, value in terms.items():
                setattr(draft, term, value)
            memory_before, started = _get_peak_memory(), time.perf_counter()
            result = backtest.run_backtest(agreement=draft, since=since, until=UNTIL)
            yield {
                "work": f"backtest of {change}, {result.lines} lines of {result.affiliates} affiliates",
                "seconds": round(time.perf_counter() - started, 2),
                "MiB more": round((_get_peak_memory() - memory_before) / 1024, 1),
                "actual": str(result.actual),
                "projected": str(result.projected),
                "off by": str(result.difference - _calculate_difference(terms.get("order_commission_cap"))),
            }


def _get_peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _calculate_difference(cap: int | None) -> Any:
    """Return the same difference computed in SQL; each order has one line, so the cap per order is one per line."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT sum(least(%s, round(base * CASE category WHEN 'home-decor' THEN 4 ELSE rate END / 100, 2)) - amount)
              FROM payouts_commission WHERE placed_at >= %s AND placed_at < %s
            """,
            [cap or 10**9, UNTIL - timedelta(days=360), UNTIL],
        )
        return cursor.fetchone()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--affiliates", type=int, default=100_000)
    given = parser.parse_args()
    for row in measure_rows(given.lines, given.affiliates):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
