"""A table of orders split into months against one table: what is gained and what it costs.

    python -m benchmarks.partitions [--rows 3000000] [--rounds 5]

Both tables have the columns and indexes of the orders. The number of an order can be unique only within a partition,
because PostgreSQL requires the month in every unique index of a table that is partitioned by it.
"""

import argparse
import json
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import psycopg

from benchmarks.own_database import own_database

MONTHS = 24
AFFILIATES = 20_000
BATCH = 1_000
ONE, SPLIT = "orders_in_one_table", "orders_by_month"
# Evenly spread over the months before now; of the last month, the newest affiliates' rows come first.
FILL = """
INSERT INTO {table} (id, order_id, status, placed_at, currency, coupon_code, click_id, customer_hash, country,
                     affiliate_id, reason, clause, updated_at)
SELECT md5('{prefix}' || n)::uuid, '{prefix}' || n, 'completed',
       timestamptz '2026-01-01' - make_interval(secs => ({last} - n) * {seconds}), 'USD', '', '', '', 'United Kingdom',
       md5('affiliate' || n * 7919 % {affiliates})::uuid, 'coupon', '', now()
  FROM generate_series({first}::bigint, {last}) AS n
"""
WORK = {
    "look up 1,000 orders by number": "SELECT count(*) FROM {table} WHERE order_id = ANY (%(numbers)s)",
    "an affiliate's newest 50 orders": (
        "SELECT id FROM {table} WHERE affiliate_id = md5('affiliate7')::uuid ORDER BY placed_at DESC, id DESC LIMIT 50"
    ),
    "count the orders of the last month": (
        "SELECT count(*) FROM {table} WHERE placed_at >= '2025-12-01' AND placed_at < '2026-01-01'"
    ),
}


def measure_rows(count: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each kind of work: the time with partitions ÷ that with one table."""
    with own_database("accord_bench_partitions") as address, psycopg.connect(address, autocommit=True) as connection:
        _create_tables(connection)
        for table in (ONE, SPLIT):
            _fill(connection, table, "O", 1, count, MONTHS * 30 * 86_400 / count)
            connection.execute(f"VACUUM ANALYZE {table}")
        yield _measure(f"insert {BATCH:,} new orders", rounds, lambda table, turn: _insert(connection, table, turn))
        for name, sql in WORK.items():
            yield _measure(name, rounds, lambda table, turn, sql=sql: _query(connection, sql, table, turn, count))
        yield _measure("remove a month", 1, lambda table, _turn: _remove_month(connection, table))


def _create_tables(connection: psycopg.Connection[Any]) -> None:
    columns = "(LIKE tracking_order INCLUDING DEFAULTS"
    connection.execute(f"CREATE TABLE {ONE} {columns})")
    connection.execute(f"CREATE TABLE {SPLIT} {columns}) PARTITION BY RANGE (placed_at)")
    for month in range(MONTHS + 2):
        start, end = connection.execute(f"SELECT {_begin_month(month + 1)}, {_begin_month(month)}").fetchone() or (
            "",
            "",
        )
        connection.execute(
            f"CREATE TABLE {SPLIT}_{month} PARTITION OF {SPLIT} FOR VALUES FROM ('{start}') TO ('{end}')"
        )
    for table, month_column in ((ONE, ""), (SPLIT, ", placed_at")):
        connection.execute(f"CREATE UNIQUE INDEX ON {table} (id{month_column})")
        connection.execute(f"CREATE UNIQUE INDEX ON {table} (order_id{month_column})")
        connection.execute(f"CREATE INDEX ON {table} (affiliate_id, placed_at DESC, id DESC)")
        connection.execute(f"CREATE INDEX ON {table} (placed_at)")


def _begin_month(back: int) -> str:
    return f"timestamptz '2026-02-01' - interval '{back} months'"


def _fill(connection: psycopg.Connection[Any], table: str, prefix: str, first: int, last: int, seconds: float) -> None:
    connection.execute(
        FILL.format(table=table, prefix=prefix, first=first, last=last, seconds=seconds, affiliates=AFFILIATES)
    )


def _measure(name: str, rounds: int, work: Any) -> dict[str, Any]:
    """Return the row of this work, done in alternation."""
    seconds: dict[str, list[float]] = {ONE: [], SPLIT: []}
    for turn in range(rounds):
        for table, measured in seconds.items():
            started = time.perf_counter()
            work(table, turn)
            measured.append(time.perf_counter() - started)
    ratios = [split / one for one, split in zip(*seconds.values(), strict=True)]
    return {
        "work": f"orders in {MONTHS} partitions, {name}: time ÷ one table",
        "value": median(ratios),
        "spread": (min(ratios), max(ratios)),
        "milliseconds with one table": median(seconds[ONE]) * 1000,
        "milliseconds with partitions": median(seconds[SPLIT]) * 1000,
    }


def _insert(connection: psycopg.Connection[Any], table: str, turn: int) -> None:
    _fill(connection, table, f"N{turn}x", 1, BATCH, 1)


def _query(connection: psycopg.Connection[Any], sql: str, table: str, turn: int, count: int) -> None:
    numbers = [f"O{1 + (number * 7919 + turn * 104_729) % count}" for number in range(BATCH)]
    connection.execute(sql.format(table=table).encode(), {"numbers": numbers})


def _remove_month(connection: psycopg.Connection[Any], table: str) -> None:
    if table == SPLIT:
        connection.execute(f"DROP TABLE {SPLIT}_{MONTHS - 4}")
        return
    connection.execute(
        f"DELETE FROM {ONE} WHERE placed_at >= {_begin_month(MONTHS - 3)} AND placed_at < {_begin_month(MONTHS - 4)}"
    )
    connection.execute(f"VACUUM {ONE}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for row in measure_rows(given.rows, given.rounds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
