"""The lists of the admin and of affiliates in a large program: server time, queries and weight of each.

    python -m benchmarks.lists [--affiliates 50000] [--orders 2000000] [--rounds 3] [--only WORD]

Of each list, the first and the last page are requested, in the order of each column that can be sorted, and searches. The
row has the slowest of them, with its name; `queries` and `kB` are the largest of all. The affiliate has a tenth of all
orders. Rounds of the first and of the last page alternate; the last rows have the largest figures of all lists.
"""

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from statistics import median
from typing import Any, NamedTuple

from benchmarks.list_population import LARGEST, fill_database
from benchmarks.own_database import own_database
from benchmarks.pages import PAGES

MAX_MILLISECONDS, MAX_QUERIES, MAX_KILOBYTES, MAX_RATIO = 300, 12, 100, 2
# One that is found, one that finds many, and one that finds none.
SEARCHES = ("N4242", "N42", "nothing at all")
# Lists that the affiliate has besides the pages that are compared by size.
MORE_PAGES = ("messaging:notifications", "messaging:conversations")


class View(NamedTuple):
    """A list in one order; `last` is the address of its last page, "" if it has one page."""

    name: str
    address: str
    last: str = ""


class Measurement(NamedTuple):
    """What one address costs."""

    name: str
    milliseconds: float
    queries: int
    kilobytes: float


class ListFigures(NamedTuple):
    """What the addresses of a list cost, and the largest time of a last page ÷ that of its first; 0 without one."""

    name: str
    pages: list[Measurement]
    ratio: float

    @property
    def slowest(self) -> Measurement:
        return max(self.pages, key=lambda page: page.milliseconds)

    @property
    def queries(self) -> int:
        return max(page.queries for page in self.pages)

    @property
    def kilobytes(self) -> float:
        return max(page.kilobytes for page in self.pages)


def measure_rows(affiliates: int, orders: int, rounds: int, only: str = "") -> Iterator[dict[str, Any]]:
    """Yield a row for each list, and those of the largest figures."""
    with own_database("accord_bench_lists"):
        fill_database(affiliates, orders)
        yield from measure_lists(rounds, only)


def measure_lists(rounds: int, only: str = "") -> Iterator[dict[str, Any]]:
    """Yield the rows of the lists of a filled database whose names contain `only`."""
    figures = []
    for name, client, views in chain(_list_admin(), _list_affiliate()):
        if only in name:
            figures.append(_measure_list(name, client, views, rounds))
            yield _build_row(figures[-1])
    yield from _build_summary(figures)


def _build_row(figures: ListFigures) -> dict[str, Any]:
    times = [page.milliseconds for page in figures.pages]
    row = {
        "work": f"{figures.name}: slowest in ms, {figures.slowest.name}",
        "value": round(figures.slowest.milliseconds, 1),
        "spread": (round(min(times), 1), round(max(times), 1)),
        "at most": MAX_MILLISECONDS,
        "queries": figures.queries,
        "kB": round(figures.kilobytes),
    }
    return row | ({"last ÷ first page": round(figures.ratio, 2)} if figures.ratio else {})


def _build_summary(figures: list[ListFigures]) -> Iterator[dict[str, Any]]:
    slowest = max(figures, key=lambda one: one.slowest.milliseconds)
    milliseconds = round(slowest.slowest.milliseconds, 1)
    yield {"work": f"lists: slowest in ms, {slowest.name}", "value": milliseconds, "at most": MAX_MILLISECONDS}
    most = max(figures, key=lambda one: one.queries)
    yield {"work": f"lists: most queries, {most.name}", "value": most.queries, "at most": MAX_QUERIES}
    heaviest = max(figures, key=lambda one: one.kilobytes)
    kilobytes = round(heaviest.kilobytes, 1)
    yield {"work": f"lists: heaviest in kB, {heaviest.name}", "value": kilobytes, "at most": MAX_KILOBYTES}
    steepest = max(figures, key=lambda one: one.ratio)
    work = f"lists: largest server time of a last page ÷ that of its first, {steepest.name}"
    ratios = [one.ratio for one in figures if one.ratio]
    spread = (round(min(ratios, default=0), 2), round(max(ratios, default=0), 2))
    yield {"work": work, "value": round(steepest.ratio, 2), "spread": spread, "at most": MAX_RATIO}


def _list_admin() -> Iterator[tuple[str, Any, Iterable[View]]]:
    from django.contrib import admin
    from django.test import Client
    from django.urls import reverse

    from accounts.models import User

    client = Client()
    staff = User.objects.filter(email="bench-staff@example.com").first()
    client.force_login(staff or User.objects.create_superuser("bench-staff@example.com", "a password"))
    yield "staff home", client, [View("home", reverse("admin:index"))]
    search = reverse("admin:search")
    yield "search of staff", client, [View(text, f"{search}?extended=1&s={text}") for text in (*SEARCHES, "bench4")]
    for model_admin in sorted(admin.site._registry.values(), key=lambda one: one.opts.label):
        opts = model_admin.opts
        address = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        yield f"admin list {opts.label}", client, _list_views(model_admin, client, address)


def _list_views(model_admin: Any, client: Any, address: str) -> Iterator[View]:
    """Yield the orders and searches of a list of the admin."""
    yield View("unsorted", address, _find_last(client, f"{address}?"))
    if model_admin.search_fields:
        for text in SEARCHES:
            yield View(f"search for {text}", f"{address}?q={text}", _find_last(client, f"{address}?q={text}&"))
    # The box that selects a row is the first column of lists with actions.
    boxes = 1 if model_admin.actions else 0
    shown = model_admin.sortable_by
    for place, name in enumerate(model_admin.list_display, boxes):
        if shown is None or name in shown:
            query = f"{address}?o={place}"
            yield View(f"sorted by {name}", query, _find_last(client, f"{query}&"))


def _find_last(client: Any, address: str) -> str:
    """Return the address of the last page of a list that is not counted; "" for a short one."""
    is_long = b"p=last" in client.get(address, headers={"host": "127.0.0.1"}).content
    return f"{address}p=last" if is_long else ""


def _list_affiliate() -> Iterator[tuple[str, Any, Iterable[View]]]:
    from django.test import Client
    from django.urls import reverse

    from affiliates.models import Affiliate
    from payouts.models import Statement

    affiliate = Affiliate.objects.get(code=LARGEST)
    client = Client()
    client.force_login(affiliate.user)
    for name in (*PAGES, *MORE_PAGES):
        yield f"affiliate's page {name}", client, [View("page", reverse(name))]
    yield "affiliate's commissions", client, _list_commissions(affiliate)
    statement = Statement.objects.for_affiliate(affiliate).latest("lines")
    address = reverse("payouts:statement", args=[statement.pk])
    yield (
        "affiliate's statement",
        client,
        [View("lines", address, f"{address}?page={1 + (statement.lines - 1) // 100}")],
    )


def _list_commissions(affiliate: Any) -> Iterator[View]:
    """Yield the orders and filters of an affiliate's commissions."""
    from django.urls import reverse

    from payouts.models import Commission
    from payouts.reporting.commission_list import STATE_LABELS
    from payouts.reporting.order_groups import Sort

    address = reverse("payouts:commissions")
    rows = Commission.objects.for_affiliate(affiliate)
    for sort in Sort:
        # The opposite order begins with the last page.
        column = sort.value.removeprefix("-")
        column = {"placed": "placed_at"}.get(column, column)
        sign = "" if sort.value.startswith("-") else "-"
        near_end = rows.order_by(f"{sign}{column}", f"{sign}placed_at", f"{sign}order_id")[10]
        query = f"{address}?sort={sort.value}"
        yield View(f"sort {sort.value}", query, f"{query}&after={near_end.order_id}")
    for name, value in (*(("state", state) for state in STATE_LABELS), ("order", "O1999"), ("category", "home-decor")):
        yield View(f"{name} {value}", f"{address}?{name}={value}")


def _measure_list(name: str, client: Any, views: Iterable[View], rounds: int) -> ListFigures:
    pages, ratio = [], 0.0
    for view in views:
        first, *others = _measure(client, view, rounds)
        pages += [first, *others]
        ratio = max(ratio, *(last.milliseconds / first.milliseconds for last in others), 0.0)
    return ListFigures(name, pages, ratio)


def _measure(client: Any, view: View, rounds: int) -> list[Measurement]:
    """Measure the first and the last page in turn; the first round warms up."""
    names = {view.name: view.address} | ({f"{view.name}, last page": view.last} if view.last else {})
    found: dict[str, list[Measurement]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for name, address in names.items():
            measurement = _request(client, name, address)
            if number:
                found[name].append(measurement)
    return [one[-1]._replace(milliseconds=median(each.milliseconds for each in one)) for one in found.values()]


def _request(client: Any, name: str, address: str) -> Measurement:
    from django.db import connection, reset_queries

    connection.force_debug_cursor = True
    reset_queries()
    started = time.perf_counter()
    response = client.get(address, headers={"host": "127.0.0.1"})
    seconds = time.perf_counter() - started
    if response.status_code not in (200, 302):
        raise SystemExit(f"{address} returned {response.status_code}")
    return Measurement(name, 1000 * seconds, len(connection.queries), len(response.content) / 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--affiliates", type=int, default=50_000)
    parser.add_argument("--orders", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="measure only the lists whose name contains this word")
    given = parser.parse_args()
    for row in measure_rows(given.affiliates, given.orders, given.rounds, given.only):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
