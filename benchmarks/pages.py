"""The affiliate's pages with 200,000 commissions against those with 200, and their number of queries.

All due months are closed, and one in a hundred settled commissions has been refunded since.

python -m benchmarks.pages [--large 200000] [--small 200] [--rounds 9] [--each]
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from statistics import median
from typing import Any

from benchmarks.own_database import own_database

PAGES = (
    "portal:home",
    "payouts:commissions",
    "payouts:statements",
    "payouts:payouts",
    "tracking:links",
    "payouts:reports",
    "portal:agreement",
)


def measure_rows(large: int, small: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield one row for the largest ratio of server times and one for the largest number of queries."""
    measured = measure_pages(large, small, rounds)
    ratios = {name: ratio for name, (ratio, _queries) in measured.items()}
    slowest = max(ratios, key=lambda name: ratios[name])
    yield {
        "work": f"pages with {large:,} commissions: largest server time ÷ that with {small:,}, {slowest}",
        "value": ratios[slowest],
        "spread": (min(ratios.values()), max(ratios.values())),
        "at most": 2,
    }
    worst = max(measured, key=lambda name: measured[name][1])
    yield {"work": f"pages: largest number of queries, {worst}", "value": measured[worst][1], "at most": 12}


def measure_pages(large: int, small: int, rounds: int) -> dict[str, tuple[float, int]]:
    """Return the ratio of server times and the number of queries of each page."""
    with own_database("accord_bench_pages"):
        _fill_database(large, small)
        return {name: _measure_page(name, rounds) for name in PAGES}


def _fill_database(large: int, small: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    from benchmarks import population
    from payouts.closing.close import close_month, list_due_months

    population.create_program()
    population.copy_affiliates(2)
    until = datetime.now(UTC) - timedelta(days=1)
    affiliate_number = f"CASE WHEN n % {large // small + 1} = 0 THEN 2 ELSE 1 END"
    population.copy_orders(
        large + small, affiliates=2, since=until - timedelta(days=150), until=until, affiliate_number=affiliate_number
    )
    for month in list_due_months(until):
        close_month(month=month.first_day, now=until, by=None)
    _refund_settled()
    with redirect_stdout(StringIO()):
        call_command("rebuild_rollups")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # autovacuum would have run long before


def _refund_settled() -> None:
    """Refund one in a hundred settled commissions, which is due at the next close."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE payouts_commission SET base = 0, amount = 0
             WHERE line_id IN (SELECT commission_id FROM payouts_statementline WHERE id % 100 = 0)
            """
        )


def _measure_page(name: str, rounds: int) -> tuple[float, int]:
    """Return the ratio of the median times, measured in alternation, and the larger number of queries."""
    from django.db import connection, reset_queries
    from django.test import Client
    from django.urls import reverse

    from affiliates.models import Affiliate

    address = reverse(name)
    times: dict[str, list[float]] = {"N1": [], "N2": []}
    max_queries = 0
    clients = {}
    for code in times:
        clients[code] = Client()
        clients[code].force_login(Affiliate.objects.get(code=code).user)
    connection.force_debug_cursor = True
    for round_number in range(rounds + 1):
        for code, client in clients.items():
            reset_queries()
            started = time.perf_counter()
            response = client.get(address, headers={"host": "127.0.0.1"})
            if response.status_code != 200:
                raise SystemExit(f"{address} returned {response.status_code}")
            if round_number:  # the first round warms up
                times[code].append(time.perf_counter() - started)
            max_queries = max(max_queries, len(connection.queries))
    return median(times["N1"]) / median(times["N2"]), max_queries


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", type=int, default=200_000)
    parser.add_argument("--small", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--each", action="store_true", help="print a row for each page instead")
    given = parser.parse_args()
    if given.each:
        for name, (ratio, queries) in measure_pages(given.large, given.small, given.rounds).items():
            print(json.dumps({"work": name, "value": ratio, "queries": queries}), flush=True)
        return
    for row in measure_rows(given.large, given.small, given.rounds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
