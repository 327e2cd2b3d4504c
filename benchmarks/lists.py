"""The lists of the admin and of affiliates in a large program: server time, queries and weight of each.

    python -m benchmarks.lists [--affiliates 50000] [--orders 2000000] [--rounds 3]

Of each list, the first and the last page, a search, and the order by each column that can be sorted are requested. The row
has the slowest of them, with its name; `queries` and `kB` are the largest of all.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from statistics import median
from typing import Any, NamedTuple

from benchmarks.own_database import own_database
from benchmarks.pages import PAGES

MAX_MILLISECONDS, MAX_QUERIES, MAX_KILOBYTES = 300, 12, 100
# One that is found, and one that is not.
SEARCHES = ("N4242", "nothing at all")
MONTHS = (date(2025, 1, 1), date(2025, 2, 1))


class Measurement(NamedTuple):
    """What one address costs."""

    name: str
    milliseconds: float
    queries: int
    kilobytes: float


def measure_rows(affiliates: int, orders: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each list."""
    with own_database("accord_bench_lists"):
        _fill_database(affiliates, orders)
        yield from _measure_admin(rounds)
        yield from _measure_affiliate(rounds)


def _fill_database(affiliates: int, orders: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    from benchmarks import population
    from payouts.closing.close import close_month

    population.create_program()
    _create_originals()
    population.copy_affiliates(affiliates)
    for table, (copies, changes, where) in _build_copies(affiliates, orders).items():
        population.copy_rows(table, copies, changes, where=where)
    until = datetime.now(UTC) - timedelta(days=1)
    population.copy_orders(orders, affiliates=affiliates, since=datetime(2025, 1, 15, tzinfo=UTC), until=until)
    for month in MONTHS:
        close_month(month=month, now=until, by=None)
        print(f"closed {month:%Y-%m}", file=sys.stderr, flush=True)
    with redirect_stdout(StringIO()):
        call_command("rebuild_rollups")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # autovacuum would have run long before


def _create_originals() -> None:
    """Create a link, a channel, an e-mail, an audit record and a click to copy."""
    from django.test import Client
    from django.utils import timezone

    from affiliates import channels
    from affiliates.models import Affiliate
    from agreements.models import Program
    from benchmarks.population import CODE
    from tracking.links import tracking_links

    Program.current()
    Program.objects.update(shop_url="https://shop.example.com/", shop_hosts=["shop.example.com"])
    affiliate, now = Affiliate.objects.get(code=CODE), timezone.now()
    link = tracking_links.create_link(
        affiliate=affiliate, target="https://shop.example.com/", name="", sub_ids=(), now=now, by=None
    )
    channels.add(affiliate=affiliate, kind="blog", address="https://second.example.com/", now=now, by=None)
    Client().get(f"/r/{link.code}", headers={"host": "127.0.0.1"})


def _build_copies(affiliates: int, orders: int) -> dict[str, tuple[int, dict[str, str], str]]:
    """Return copies, changed columns and condition of the original for each further table."""
    affiliate = f"md5('affiliate' || (1 + n % {affiliates}))::uuid"
    at = f"now() - n * interval '400 days' / {orders // 4 + 1}"
    newest = "id = (SELECT id FROM {0} ORDER BY id DESC LIMIT 1)"
    return {
        "affiliates_channel": (
            affiliates,
            {
                "id": "md5('channel' || n)::uuid",
                "affiliate_id": affiliate,
                "address": "'https://a' || n || '.example/'",
            },
            newest.format("affiliates_channel"),
        ),
        "tracking_link": (
            affiliates,
            {"id": "md5('link' || n)::uuid", "affiliate_id": affiliate, "code": "'L' || n || 'link'"},
            newest.format("tracking_link"),
        ),
        "mail_message": (
            orders // 4,
            {"id": "md5('mail' || n)::uuid", "key": "'bench' || n", "to": "'bench' || n || '@example.com'"},
            newest.format("mail_message"),
        ),
        "audit_auditrecord": (
            orders // 4,
            {"id": "md5('audit' || n)::uuid", "subject_id": "'N' || n", "at": at},
            newest.format("audit_auditrecord"),
        ),
        "tracking_click": (
            orders // 4,
            {"id": "md5('click' || n)::uuid", "link_id": f"md5('link' || (1 + n % {affiliates}))::uuid"},
            newest.format("tracking_click"),
        ),
    }


def _measure_admin(rounds: int) -> Iterator[dict[str, Any]]:
    from django.contrib import admin
    from django.test import Client
    from django.urls import reverse

    from accounts.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("bench-staff@example.com", "a password"))
    yield _build_row("staff home", [_measure(client, "home", reverse("admin:index"), rounds)])
    search = reverse("admin:search")
    found = [_measure(client, text, f"{search}?extended=1&s={text}", rounds) for text in (*SEARCHES, "N", "bench4")]
    yield _build_row("search of staff", found)
    for model_admin in sorted(admin.site._registry.values(), key=lambda one: one.opts.label):
        opts = model_admin.opts
        address = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        pages = [_measure(client, name, f"{address}{query}", rounds) for name, query in _list_queries(model_admin)]
        yield _build_row(f"admin list {opts.label}", pages)


def _list_queries(model_admin: Any) -> Iterator[tuple[str, str]]:
    """Yield name and query string of the pages of a list that are measured."""
    yield "first page", ""
    yield "last page", "?p=last"
    if model_admin.search_fields:
        yield from ((f"search for {text}", f"?q={text}") for text in SEARCHES)
    # The box that selects a row is the first column of lists with actions.
    boxes = 1 if model_admin.actions else 0
    shown = model_admin.sortable_by
    for place, name in enumerate(model_admin.list_display, boxes):
        if shown is None or name in shown:
            yield f"sorted by {name}", f"?o={place}"


def _measure_affiliate(rounds: int) -> Iterator[dict[str, Any]]:
    from django.test import Client
    from django.urls import reverse

    from affiliates.models import Affiliate

    client = Client()
    client.force_login(Affiliate.objects.get(code="N1").user)
    for name in PAGES:
        yield _build_row(f"affiliate's page {name}", [_measure(client, "page", reverse(name), rounds)])


def _measure(client: Any, name: str, address: str, rounds: int) -> Measurement:
    from django.db import connection, reset_queries

    connection.force_debug_cursor = True
    times, queries, size = [], 0, 0
    for number in range(rounds + 1):
        reset_queries()
        started = time.perf_counter()
        response = client.get(address, headers={"host": "127.0.0.1"})
        if number:  # the first round warms up
            times.append(1000 * (time.perf_counter() - started))
        if response.status_code not in (200, 302):
            raise SystemExit(f"{address} returned {response.status_code}")
        queries, size = len(connection.queries), len(response.content)
    return Measurement(name, median(times), queries, size / 1000)


def _build_row(work: str, pages: list[Measurement]) -> dict[str, Any]:
    slowest = max(pages, key=lambda page: page.milliseconds)
    times = [page.milliseconds for page in pages]
    return {
        "work": f"{work}: slowest in ms, {slowest.name}",
        "value": round(slowest.milliseconds, 1),
        "spread": (round(min(times), 1), round(max(times), 1)),
        "at most": MAX_MILLISECONDS,
        "queries": max(page.queries for page in pages),
        "kB": round(max(page.kilobytes for page in pages)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--affiliates", type=int, default=50_000)
    parser.add_argument("--orders", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for row in measure_rows(given.affiliates, given.orders, given.rounds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
