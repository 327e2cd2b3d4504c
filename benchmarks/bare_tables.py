"""The rows that orders left behind, written again by nothing but the database: what every ratio is measured against."""

import threading
import time
from collections.abc import Sequence

import psycopg

# What an order writes, in the order of its foreign keys; how to know the rows of orders whose id begins with a prefix.
ORDER_FILTER = "order_id IN (SELECT id FROM tracking_order WHERE order_id LIKE %s)"
TABLES = {
    "tracking_ordersnapshot": "order_id LIKE %s",
    "tracking_order": "order_id LIKE %s",
    "tracking_orderline": ORDER_FILTER,
    "payouts_commission": ORDER_FILTER,
}


class BareTables:
    """Tables like those of the product, with the same columns, checks and indexes, and rows to fill them with."""

    def __init__(self, address: str, prefix: str) -> None:
        self.address = address
        self.rows: dict[str, bytes] = {}
        with psycopg.connect(address, autocommit=True) as server:
            for table, mine in TABLES.items():
                server.execute(f"DROP TABLE IF EXISTS bare_{table}")
                server.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
                query = f"COPY (SELECT * FROM {table} WHERE {mine.replace('%s', repr(prefix + '%'))}) TO STDOUT"
                with server.cursor() as cursor, cursor.copy(query) as copy:
                    self.rows[table] = b"".join(copy)

    def measure_copy(self) -> float:
        """How long a COPY of all rows into all the tables takes, one transaction."""
        with psycopg.connect(self.address) as server:
            server.execute(f"TRUNCATE {', '.join(f'bare_{table}' for table in TABLES)}")
            server.commit()
            begun = time.perf_counter()
            with server.cursor() as cursor:
                for table, rows in self.rows.items():
                    with cursor.copy(f"COPY bare_{table} FROM STDIN") as copy:
                        copy.write(rows)
            server.commit()
            return time.perf_counter() - begun

    def measure_transactions(self, connections: int, orders: int) -> float:
        """One order a transaction: its rows by one statement a table, by as many connections as named."""
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
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return orders / (time.perf_counter() - begun)


def _split_by_order(rows: bytes, table: str, orders: int) -> list[list[list[str | None]]]:
    """The rows as values, dealt out evenly: each order has as many of a table."""
    values = [[_parse_value(cell) for cell in line.split("\t")] for line in rows.decode().splitlines()]
    each = len(values) // orders
    assert each * orders == len(values), (table, len(values), orders)
    return [values[first : first + each] for first in range(0, len(values), each)]


def _parse_value(cell: str) -> str | None:
    return None if cell == "\\N" else cell.encode().decode("unicode_escape") if "\\" in cell else cell


def _write_orders(
    address: str, statements: dict[str, str], split: dict[str, list[list[list[str | None]]]], mine: Sequence[int]
) -> None:
    with psycopg.connect(address) as server, server.cursor() as cursor:
        for order in mine:
            for table, statement in statements.items():
                cursor.executemany(statement, split[table][order])
            server.commit()
