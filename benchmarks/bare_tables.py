"""The baseline of the order benchmarks: the same rows written by the database alone."""

import threading
import time
from collections.abc import Sequence

import psycopg

# The tables that an order writes, in the order of their foreign keys, with the filter for orders whose id has a prefix.
ORDER_FILTER = "order_id IN (SELECT id FROM tracking_order WHERE order_id LIKE %s)"
TABLES = {
    "tracking_ordersnapshot": "order_id LIKE %s",
    "tracking_order": "order_id LIKE %s",
    "tracking_orderline": ORDER_FILTER,
    "payouts_commission": ORDER_FILTER,
}


class BareTables:
    """Copies of the product's tables with the same columns, checks and indexes, and the rows to fill them with."""

    def __init__(self, address: str, prefix: str) -> None:
        self.address = address
        self.rows: dict[str, bytes] = {}
        with psycopg.connect(address, autocommit=True) as server:
            for table, condition in TABLES.items():
                server.execute(f"DROP TABLE IF EXISTS bare_{table}")
                server.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
                query = f"COPY (SELECT * FROM {table} WHERE {condition.replace('%s', repr(prefix + '%'))}) TO STDOUT"
                with server.cursor() as cursor, cursor.copy(query) as copy:
                    self.rows[table] = b"".join(copy)

    def measure_copy(self) -> float:
        """Return the seconds that one transaction takes to COPY all rows into all tables."""
        with psycopg.connect(self.address) as server:
            server.execute(f"TRUNCATE {', '.join(f'bare_{table}' for table in TABLES)}")
            server.commit()
            started = time.perf_counter()
            with server.cursor() as cursor:
                for table, rows in self.rows.items():
                    with cursor.copy(f"COPY bare_{table} FROM STDIN") as copy:
                        copy.write(rows)
            server.commit()
            return time.perf_counter() - started

    def measure_transactions(self, connections: int, orders: int) -> float:
        """Return the orders a second with one transaction per order and one statement per table."""
        split = {table: _split_by_order(rows, table, orders) for table, rows in self.rows.items()}
        with psycopg.connect(self.address, autocommit=True) as server:
            server.execute(f"TRUNCATE {', '.join(f'bare_{table}' for table in TABLES)}")
            widths = {t: server.execute(f"SELECT * FROM {t} LIMIT 0").description for t in TABLES}
        statements = {
            table: f"INSERT INTO bare_{table} VALUES ({', '.join(['%s'] * len(columns or ()))})"
            for table, columns in widths.items()
        }
        threads = [
            threading.Thread(
                target=_write_orders, args=(self.address, statements, split, range(first, orders, connections))
            )
            for first in range(connections)
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return orders / (time.perf_counter() - started)


def _split_by_order(rows: bytes, table: str, orders: int) -> list[list[list[str | None]]]:
    """Return the rows as values, grouped by order; every order has the same number of rows in a table."""
    values = [[_parse_value(cell) for cell in line.split("\t")] for line in rows.decode().splitlines()]
    rows_per_order = len(values) // orders
    assert rows_per_order * orders == len(values), (table, len(values), orders)
    return [values[first : first + rows_per_order] for first in range(0, len(values), rows_per_order)]


def _parse_value(cell: str) -> str | None:
    return None if cell == "\\N" else cell.encode().decode("unicode_escape") if "\\" in cell else cell


def _write_orders(
    address: str, statements: dict[str, str], split: dict[str, list[list[list[str | None]]]], orders: Sequence[int]
) -> None:
    with psycopg.connect(address) as server, server.cursor() as cursor:
        for order in orders:
            for table, statement in statements.items():
                cursor.executemany(statement, split[table][order])
            server.commit()
