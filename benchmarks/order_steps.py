"""Where the time of order intake goes: milliseconds of each step of one request, with one order and with 1,000.

    python -m benchmarks.order_steps [--rounds 9] [--puts 300]

The requests are handled in this process, one after the other, so that nothing waits for anything but PostgreSQL. The time of a
statement is that from sending it to its result, with the conversion of its parameters. The figures are means of the faster half
of the requests, which other work disturbed less, so that the steps add up to the whole.
"""

import argparse
import gc
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pkgutil import resolve_name
from statistics import mean
from typing import Any
from unittest.mock import patch

from benchmarks.orders import AFFILIATES, BATCH, LINES, build_snapshots
from benchmarks.own_database import own_database

REST = "the rest: HTTP, views, results"
# Functions, by the step they belong to.
STEPS = {
    "accounts.api_keys.find": "API key and rate limit",
    "lib.rate_limits.count_request": "API key and rate limit",
    "shops.api.bodies.read_value": "parse JSON",
    "shops.api.bodies.read_rows": "parse JSON",
    "tracking.orders.snapshots.Reader.read": "check every field",
    "tracking.orders.snapshots.Snapshot.serialize": "normal form and its digest",
    "tracking.orders.ingestion.prepare_batch": "attribution",
    "tracking.orders.ingestion._attribute": "attribution",
    "payouts.commissions.writer.price_lines": "prices and their explanations",
    "django.db.backends.base.base.BaseDatabaseWrapper.commit": "COMMIT",
}
# The first that is found in a statement names it.
STATEMENTS = {
    r"INSERT INTO tracking_ordersnapshot": "snapshots",
    r"INSERT INTO tracking_orderline": "lines",
    r"INSERT INTO tracking_order\b": "orders",
    r"payouts_commission": "commissions",
    r"tracking_coupon": "coupons, links, histories, versions, known orders",
    r"nextval": "numbers of rows",
}
COPYING = ("tracking.orders.ingestion_sql", "tracking.orders.line_sql", "payouts.commissions.writer")


class Stopwatch:
    """Seconds by step. A step that begins within another one stops its clock until it ends."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = 0.0

    def wrap(self, function: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        """Return `function` with its time counted; `name` returns its step for the arguments of a call."""

        def measure(*args: Any, **kwargs: Any) -> Any:
            self._switch()
            self._running.append(name(*args))
            try:
                return function(*args, **kwargs)
            finally:
                self._switch()
                self._running.pop()

        return measure

    def _switch(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now


def measure_rows(rounds: int, puts: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each step of a batch and of a single order, the longest first, and one for the bare database."""
    with own_database("accord_bench_order_steps") as address:
        import logging

        from django.conf import settings
        from django.core.wsgi import get_wsgi_application

        from accounts import api_keys
        from benchmarks import population
        from lib import request_body

        population.create_program()
        population.copy_affiliates(AFFILIATES)
        key = api_keys.create(name="the shop", now=datetime.now(UTC), by=None)[1]
        application = request_body.wrap_wsgi(get_wsgi_application())
        settings.DEBUG = False
        logging.disable(logging.INFO)
        gc.set_threshold(50_000, 20, 100)  # as config/wsgi.py
        batches = [_measure_batch(application, key, f"B{number}-") for number in range(rounds + 1)]
        yield from _build_rows(f"batch of {BATCH:,} orders with {LINES} lines each", batches[1:])
        yield _measure_copy(address, [f"B{number}-" for number in range(1, rounds + 1)])
        orders = [_measure_put(application, key, one) for one in build_snapshots("P", puts + 1)]
        yield from _build_rows(f"one order with {LINES} lines", orders[1:])


def _measure_batch(application: Any, key: str, prefix: str) -> dict[str, float]:
    body = "\n".join(json.dumps(one) for one in build_snapshots(prefix, BATCH))
    return _measure(application, key, "POST", "/api/v1/orders/batch", body, "application/x-ndjson")


def _measure_put(application: Any, key: str, order: dict[str, Any]) -> dict[str, float]:
    address = f"/api/v1/orders/{order['order_id']}"
    return _measure(application, key, "PUT", address, json.dumps(order), "application/json")


def _measure(application: Any, key: str, method: str, address: str, text: str, kind: str) -> dict[str, float]:
    """Return the seconds of each step of one request."""
    from django.test import RequestFactory

    body = text.encode()
    request = RequestFactory().generic(
        method, address, body, kind, headers={"Authorization": f"Bearer {key}", "Host": "127.0.0.1"}
    )
    environ = request.environ | {"wsgi.input": BytesIO(body)}
    watch = Stopwatch()
    patches = [_patch(watch, place, lambda *_args, step=step: step) for place, step in STEPS.items()]
    patches.append(_patch(watch, "django.db.backends.utils.CursorWrapper.execute", _name_statement))
    patches += [_patch(watch, f"{module}.copy_rows", lambda table, *_args: f"COPY into {table}") for module in COPYING]
    for one in patches:
        one.start()
    try:
        states: list[str] = []
        answer = watch.wrap(application, lambda *_args: REST)(environ, lambda state, *_rest: states.append(state))
        answer.close()
    finally:
        for one in patches:
            one.stop()
    if not states[0].startswith("20"):
        raise SystemExit(f"{method} {address} returned {states[0]}: {b''.join(answer)[:300]!r}")
    return watch.seconds


def _patch(watch: Stopwatch, place: str, name: Callable[..., str]) -> Any:
    """Return a patch that counts the time of the function at `place`."""
    path, _dot, attribute = place.rpartition(".")
    holder = resolve_name(path)
    return patch.object(holder, attribute, watch.wrap(getattr(holder, attribute), name))


def _name_statement(_cursor: Any, sql: Any, *_parameters: Any) -> str:
    found = (name for pattern, name in STATEMENTS.items() if re.search(pattern, str(sql)))
    return f"statement: {next(found, 'others')}"


def _build_rows(work: str, measured: list[dict[str, float]]) -> Iterator[dict[str, Any]]:
    """Yield the mean of each step in milliseconds, with its share of the whole."""
    quiet = sorted(measured, key=lambda one: sum(one.values()))[: (len(measured) + 1) // 2]
    whole = mean(sum(one.values()) for one in quiet)
    yield {"work": f"{work}: ms", "value": round(1000 * whole, 2)}
    steps = {step: mean(one.get(step, 0.0) for one in quiet) for step in set().union(*quiet)}
    for step, seconds in sorted(steps.items(), key=lambda item: -item[1]):
        yield {"work": f"{work}: {step}", "value": round(1000 * seconds, 2), "share": round(seconds / whole, 3)}


def _measure_copy(address: str, prefixes: list[str]) -> dict[str, Any]:
    from benchmarks.bare_tables import BareTables

    seconds = sorted(BareTables(address, prefix).measure_copy() for prefix in prefixes)[: (len(prefixes) + 1) // 2]
    return {"work": f"COPY of the same rows of {BATCH:,} orders: ms", "value": round(1000 * mean(seconds), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--puts", type=int, default=300)
    given = parser.parse_args()
    for row in measure_rows(given.rounds, given.puts):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
