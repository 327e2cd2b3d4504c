"""The staff page of an affiliate with 200,000 commissions, and the search among 50,000 affiliates.

python -m benchmarks.affiliate_page [--affiliates 50000] [--commissions 200000] [--rounds 5]
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

SEARCHES = ("N49999", "n4", "bench41@", "affiliate bench", "nothing like it")


def measure_rows(affiliates: int, commissions: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield server time, queries and weight of each tab, and the time of each search."""
    with own_database("accord_bench_affiliate_page"):
        _fill_database(affiliates, commissions)
        from django.urls import reverse

        from affiliates.models import Affiliate
        from portal.affiliate_page.tabs import TABS

        page = reverse("admin:affiliates_affiliate_change", args=[Affiliate.objects.get(code="N1").pk])
        client = _sign_in()
        for tab in TABS:
            yield _measure(client, f"{page}?tab={tab.slug}", rounds) | {"work": f"tab {tab.slug}"}
        suggest = reverse("admin:affiliates_affiliate_suggest")
        for text in SEARCHES:
            yield _measure(client, f"{suggest}?q={text}", rounds) | {"work": f"search {text}"}


def _fill_database(affiliates: int, commissions: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    from benchmarks import population

    population.create_program()
    population.copy_affiliates(affiliates)
    until = datetime.now(UTC) - timedelta(days=1)
    since = until - timedelta(days=150)
    population.copy_orders(commissions, affiliates=affiliates, since=since, until=until, affiliate_number="1")
    with redirect_stdout(StringIO()):
        call_command("rebuild_rollups")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # autovacuum would have run long before


def _sign_in() -> Any:
    from django.test import Client

    from tests.factories import make_staff

    client = Client()
    client.force_login(make_staff(superuser=True))
    return client


def _measure(client: Any, address: str, rounds: int) -> dict[str, Any]:
    """Return the median time in milliseconds, the number of queries and the weight in bytes."""
    from django.db import connection, reset_queries

    connection.force_debug_cursor = True
    times, size = [], 0
    for round_number in range(rounds + 1):
        reset_queries()
        started = time.perf_counter()
        response = client.get(address, headers={"host": "127.0.0.1"})
        if response.status_code != 200:
            raise SystemExit(f"{address} returned {response.status_code}")
        size = len(response.content)
        if round_number:  # the first round warms up
            times.append(1000 * (time.perf_counter() - started))
    return {"milliseconds": round(median(times)), "queries": len(connection.queries), "bytes": size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--affiliates", type=int, default=50_000)
    parser.add_argument("--commissions", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for row in measure_rows(given.affiliates, given.commissions, given.rounds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
