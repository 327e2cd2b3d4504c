"""The rehearsal of a draft over a million order lines: how long, how much memory, and that its sums are the rows'.

python -m benchmarks.rehearsal [--lines 1000000] [--affiliates 100000]
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


def rows(lines: int, affiliates: int) -> Iterator[dict[str, Any]]:
    """One row for each kind of draft."""
    with own_database("accord_bench_rehearsal"):
        from agreements import drafting
        from benchmarks import population
        from payouts.commissions import backtest

        population.begin()
        population.copy_people(affiliates)
        since = UNTIL - timedelta(days=360)
        population.copy_sales(lines, affiliates=affiliates, since=since, until=UNTIL)
        for what, terms in (("other rates", {}), ("and a cap", {"order_commission_cap": 5})):
            draft = drafting.start(now=UNTIL, by=None)
            draft.rates.filter(category="home-decor").update(percent="4.00")
            for term, value in terms.items():
                setattr(draft, term, value)
            before, begun = _memory(), time.perf_counter()
            found = backtest.rehearse(agreement=draft, since=since, until=UNTIL)
            yield {
                "work": f"rehearsal of {what}, {found.lines} lines of {found.affiliates} affiliates",
                "seconds": round(time.perf_counter() - begun, 2),
                "MiB more": round((_memory() - before) / 1024, 1),
                "then": str(found.was),
                "under the draft": str(found.becomes),
                "off by": str(found.difference - _by_hand(terms.get("order_commission_cap"))),
            }


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _by_hand(cap: int | None) -> Any:
    """The difference worked out another way: one line an order, so that the cap is a bound on each line."""
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
    for row in rows(given.lines, given.affiliates):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
