"""The close of a month against one scan and a bare INSERT of every row that it writes (PERFORMANCE 3).

    python -m benchmarks.close [--sizes 100000 1000000 5000000] [--affiliates 100000] [--rounds 5]

Rounds of the close and of the bare statements alternate, and the median of their ratios is what is said. After each round
what it wrote is taken out again, past the triggers that forbid it.
"""

import argparse
import json
import resource
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

from benchmarks.own_database import own_database

MONTH = date(2025, 2, 1)
STARTS_AT, ENDS_AT = datetime(2025, 1, 2, tzinfo=UTC), datetime(2025, 1, 25, tzinfo=UTC)
NOW = datetime(2025, 3, 5, tzinfo=UTC)
WRITTEN_TABLES = (
    "payouts_close",
    "payouts_statement",
    "payouts_statementline",
    "payouts_ledgertransaction",
    "payouts_ledgerentry",
    "payouts_payoutbatch",
    "payouts_payout",
    "mail_message",
)


def measure_rows(sizes: list[int], affiliates: int, rounds: int) -> Iterator[dict[str, Any]]:
    """A row for each size, and one for how the time grows from one million to five."""
    took: dict[int, float] = {}
    for size in sizes:
        with own_database("accord_bench_close"):
            _fill_database(size, affiliates)
            found = [_measure_round() for _round_number in range(rounds)]
        took[size] = median(ours for ours, _bare, _memory in found)
        ratios = [ours / bare for ours, bare, _memory in found]
        yield {
            "work": f"close of {size:,} commissions of {affiliates:,} affiliates ÷ scan and bare INSERT",
            "value": median(ratios),
            "spread": (min(ratios), max(ratios)),
            "at most": 1.8,
            "seconds": took[size],
        }
        yield {
            "work": f"close of {size:,} commissions: MiB more at its peak",
            "value": max(memory for _ours, _bare, memory in found),
            "at most": 50,
        }
    if {1_000_000, 5_000_000} <= took.keys():
        yield {
            "work": "close, 5 M against 1 M: time",
            "value": took[5_000_000] / took[1_000_000],
            "at most": 5,
        }


def _fill_database(size: int, affiliates: int) -> None:
    from benchmarks import population
    from payouts.closing.close import close_month

    population.create_program()
    population.copy_affiliates(affiliates)
    population.copy_orders(size, affiliates=affiliates, since=STARTS_AT, until=ENDS_AT)
    close_month(month=date(2025, 1, 1), now=NOW, by=None)  # a month in which nothing is validated yet


def _measure_round() -> tuple[float, float, float]:
    """Seconds of the close, seconds of the bare statements, MiB that the process grew by."""
    from payouts.closing.close import close_month

    before, begun = _get_peak_memory(), time.perf_counter()
    close_month(month=MONTH, now=NOW, by=None)
    ours, grown = time.perf_counter() - begun, (_get_peak_memory() - before) / 1024
    bare = _measure_bare()
    _delete_round()
    return ours, bare, grown


def _get_peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _measure_bare() -> float:
    """One scan of the commissions, and every row that the close wrote written again into tables like those of the product."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        for table in WRITTEN_TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS bare_{table}")
            cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
    begun = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT sum(amount) FROM payouts_commission GROUP BY affiliate_id) AS one_scan"
        )
        for table in WRITTEN_TABLES:
            cursor.execute(f"INSERT INTO bare_{table} OVERRIDING SYSTEM VALUE SELECT * FROM {table}")
    return time.perf_counter() - begun


def _delete_round() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in WRITTEN_TABLES[1:]:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("DELETE FROM payouts_close WHERE period = %s", [MONTH])
        cursor.execute(
            "DELETE FROM audit_auditrecord WHERE action = 'month closed' AND after->>'period' = %s", [f"{MONTH:%Y-%m}"]
        )
        cursor.execute("SET session_replication_role = DEFAULT")
        for table in WRITTEN_TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000, 5_000_000])
    parser.add_argument("--affiliates", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for row in measure_rows(given.sizes, given.affiliates, given.rounds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
