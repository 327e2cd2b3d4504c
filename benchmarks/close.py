"""The close of a month against one scan and a bare INSERT of every row that it writes.

    python -m benchmarks.close [--sizes 100000 1000000 5000000] [--affiliates 100000] [--rounds 5]

Rounds of the close and of the bare statements alternate; the value is the median of their ratios. After each round its
rows are deleted, with the triggers that forbid it disabled.
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
    """Yield two rows per size, and one for the growth of the time from one million to five million."""
    seconds: dict[int, float] = {}
    for size in sizes:
        with own_database("accord_bench_close"):
            fill_database(size, affiliates)
            measured = [_measure_round() for _round_number in range(rounds)]
        seconds[size] = median(close_seconds for close_seconds, _bare, _memory in measured)
        ratios = [close_seconds / bare for close_seconds, bare, _memory in measured]
        yield {
            "work": f"close of {size:,} commissions of {affiliates:,} affiliates ÷ scan and bare INSERT",
            "value": median(ratios),
            "spread": (min(ratios), max(ratios)),
            "at most": 1.8,
            "seconds": seconds[size],
        }
        yield {
            "work": f"close of {size:,} commissions: additional MiB at the peak",
            "value": max(memory for _seconds, _bare, memory in measured),
            "at most": 50,
        }
    if {1_000_000, 5_000_000} <= seconds.keys():
        yield {
            "work": "close of 5,000,000 commissions: time ÷ time for 1,000,000",
            "value": seconds[5_000_000] / seconds[1_000_000],
            "at most": 5,
        }


def fill_database(size: int, affiliates: int) -> None:
    """Fill the database with commissions that the close of MONTH settles."""
    from benchmarks import population
    from payouts.closing.close import close_month

    population.create_program()
    population.copy_affiliates(affiliates)
    population.copy_orders(size, affiliates=affiliates, since=STARTS_AT, until=ENDS_AT)
    close_month(month=date(2025, 1, 1), now=NOW, by=None)  # nothing is validated in this month


def _measure_round() -> tuple[float, float, float]:
    """Return the seconds of the close, the seconds of the bare statements, and the MiB by which the process grew."""
    from payouts.closing.close import close_month

    memory_before, started = _get_peak_memory(), time.perf_counter()
    close_month(month=MONTH, now=NOW, by=None)
    seconds, memory = time.perf_counter() - started, (_get_peak_memory() - memory_before) / 1024
    create_bare_tables()
    bare_seconds = sum(one for _statement, one in insert_bare())
    delete_round()
    return seconds, bare_seconds, memory


def _get_peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def create_bare_tables() -> None:
    """Create an empty copy of each table that a close writes, with its indexes, without triggers and foreign keys."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in WRITTEN_TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS bare_{table}")
            cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")


def insert_bare() -> Iterator[tuple[str, float]]:
    """Scan the commissions and insert the close's rows into the bare tables; yield the seconds of each statement."""
    from django.db import connection, transaction

    statements = {
        "scan": "SELECT count(*) FROM (SELECT sum(amount) FROM payouts_commission GROUP BY affiliate_id) AS one_scan"
    } | {table: f"INSERT INTO bare_{table} OVERRIDING SYSTEM VALUE SELECT * FROM {table}" for table in WRITTEN_TABLES}
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for name, statement in statements.items():
            cursor.execute(statement)
            yield name, time.perf_counter() - started
            started = time.perf_counter()
    yield "commit", time.perf_counter() - started


def delete_round() -> None:
    """Delete what a close of MONTH has written."""
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
