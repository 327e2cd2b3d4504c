"""Snapshots that are shuffled, repeated, interleaved, dropped and sent again over eight connections.

`SHUFFLED_RUNS=10000 pytest tests/faults/test_shuffled_snapshots.py` is the long form; the default is 60 runs.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import count
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, Phase, given, note, settings

from payouts.closing import verification
from payouts.closing.replay import replay
from payouts.commissions import rollups
from payouts.models import Close
from tests.faults.twin_orders import Run, SentOrder, Twins, generate_runs
from tests.scenarios import close_months

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

logger = logging.getLogger(__name__)
RUNS = int(os.environ.get("SHUFFLED_RUNS", "60"))
# The months to close after each part of the runs, so that later parts also send snapshots of settled orders.
MONTHS = (("2026-01", "2026-02"), ("2026-03",), ("2026-04",))

# Ids of orders and of their twins begin with S and T; codes and coupons of the twins' affiliates end in X.
ORDERS = """
SELECT SUBSTR(o.order_id, 2), o.updated_at, o.status, o.placed_at, o.completed_at, o.country, o.customer_hash,
       REPLACE(o.coupon_code, 'X', ''), o.click_id <> '', RTRIM(owner.code, 'X'), RTRIM(candidate.code, 'X'),
       RTRIM(linked.code, 'X'), o.clicked_at, o.sub1, o.device, o.reason, o.agreement_id, o.clause,
       l.line_id, l.position, l.sku, l.title, l.category, l.quantity, l.amount, l.refunded,
       c.category, c.base, c.rate, c.amount, c.clause, c.steps::text, c.validates_at, c.placed_at
  FROM tracking_order o JOIN tracking_orderline l ON l.order_id = o.id
  LEFT JOIN payouts_commission c ON c.line_id = l.id AND c.affiliate_id = o.affiliate_id
  LEFT JOIN affiliates_affiliate owner ON owner.id = o.affiliate_id
  LEFT JOIN affiliates_affiliate candidate ON candidate.id = o.candidate_id
  LEFT JOIN tracking_link link ON link.id = o.link_id
  LEFT JOIN affiliates_affiliate linked ON linked.id = link.affiliate_id
 WHERE o.order_id = ANY(%s) ORDER BY o.order_id, l.line_id
"""
SNAPSHOT_COUNT = "SELECT COUNT(*) FROM tracking_ordersnapshot WHERE order_id = ANY(%s)"
# Commissions that still have a value though their order was credited to another affiliate or to none.
STALE_COMMISSIONS = """
SELECT COUNT(*) FROM payouts_commission c JOIN tracking_order o ON o.id = c.order_id
 WHERE c.affiliate_id IS DISTINCT FROM o.affiliate_id AND (c.amount <> 0 OR c.base <> 0)
"""
# Orders whose attribution changed after a line of theirs was settled.
CHANGED_ATTRIBUTIONS = """
SELECT COUNT(*) FROM payouts_statementline l JOIN payouts_statement s ON s.id = l.statement_id
  JOIN tracking_orderline ol ON ol.id = l.commission_id JOIN tracking_order o ON o.id = ol.order_id
 WHERE o.affiliate_id IS DISTINCT FROM s.affiliate_id
"""
SETTLED = """
SELECT DISTINCT SUBSTR(o.order_id, 2) AS name FROM payouts_statementline l
  JOIN tracking_orderline ol ON ol.id = l.commission_id JOIN tracking_order o ON o.id = ol.order_id ORDER BY name
"""
LEDGER = """
SELECT e.account, SUM(e.amount) FROM payouts_ledgerentry e JOIN affiliates_affiliate a ON a.id = e.affiliate_id
 WHERE a.code = %s GROUP BY e.account ORDER BY e.account
"""
STATEMENTS = """
SELECT s.number, s.opening, s.lines, s.settled, s.adjustments, s.returned, s.payout, s.closing, s.reasons, c.period,
       (SELECT ARRAY_AGG((SUBSTR(o.order_id, 2), ol.line_id, l.amount, l.base, l.rate, l.clause)::text
                         ORDER BY o.order_id, ol.line_id)
          FROM payouts_statementline l JOIN tracking_orderline ol ON ol.id = l.commission_id
          JOIN tracking_order o ON o.id = ol.order_id WHERE l.statement_id = s.id)
  FROM payouts_statement s JOIN affiliates_affiliate a ON a.id = s.affiliate_id
  JOIN payouts_close c ON c.id = s.close_id
 WHERE a.code = %s ORDER BY s.number
"""
ROLLUPS = """
SELECT r.day, r.dimension, COALESCE(RTRIM(linked.code, 'X'), r.value), r.clicks, r.orders, r.clicked_orders, r.sales,
       r.commission, r.clicked_commission
  FROM tracking_rollup r JOIN affiliates_affiliate a ON a.id = r.affiliate_id
  LEFT JOIN tracking_link link ON r.dimension = 'link' AND link.id::text = r.value
  LEFT JOIN affiliates_affiliate linked ON linked.id = link.affiliate_id
 WHERE a.code = %s AND (r.clicks, r.orders, r.sales, r.commission) <> (0, 0, 0, 0) ORDER BY 1, 2, 3
"""


def query(statement: str, *values: str | list[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@contextmanager
def folding() -> Iterator[None]:
    """Fold rollups in another thread, as beat does, only more often."""
    ended, failures = threading.Event(), []

    def fold() -> None:
        try:
            while not ended.wait(0.3):
                rollups.fold_rollups()
        except Exception as error:  # noqa: BLE001 -- asserted below, in the main thread
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=fold)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert failures == []


def assert_newest_state(orders: list[SentOrder]) -> None:
    """Assert that orders equal their newest snapshots and their twins, and that each snapshot is stored once."""
    sent, twin = (query(ORDERS, [f"{letter}{order.name}" for order in orders]) for letter in "ST")
    assert sent == twin
    count = sum(len(order.snapshots) for order in orders)
    assert query(SNAPSHOT_COUNT, [f"S{order.name}" for order in orders]) == [(count,)]
    for order in orders:
        newest, rows = order.snapshots[-1], [row for row in sent if row[0] == order.name]
        assert {row[2] for row in rows} == {newest.status}
        newest_lines = {str(line): (cents, refunded) for line, _category, cents, refunded in newest.lines}
        dropped = {str(line) for one in order.snapshots for line, *_rest in one.lines} - newest_lines.keys()
        stored = {row[18]: (int(row[24] * 100), int(row[25] * 100)) for row in rows}
        assert stored == newest_lines | dict.fromkeys(dropped, (0, 0))


def assert_equal_books() -> None:
    """Assert that each affiliate's rollups, statements and ledger equal those of their twin, and are consistent."""
    assert query(STALE_COMMISSIONS) == [(0,)]
    assert query(CHANGED_ATTRIBUTIONS) == [(0,)]
    call_command("verify_rollups", stdout=StringIO(), stderr=StringIO())
    for code in ("ANN", "BEN", "CAT"):
        for statement in (LEDGER, STATEMENTS, ROLLUPS):
            assert query(statement, code) == query(statement, f"{code}X"), code
    assert [finding for finding in verification.check_invariants() if finding.violations] == []
    assert [difference for close in Close.objects.all() for difference in replay(close)] == []


@pytest.fixture
def twins(tmp_path) -> Iterator[Twins]:
    twins = Twins(tmp_path)
    yield twins
    twins.close()


@pytest.mark.slow
def test_shuffled_snapshots_end_in_newest_state_with_equal_books(twins: Twins) -> None:
    runs, started = count(1), time.monotonic()

    @settings(
        max_examples=-(-RUNS // len(MONTHS)),
        deadline=None,
        database=None,
        derandomize=RUNS <= 60,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(generate_runs())
    def send_run(run: Run) -> None:
        note(str(run))
        assert_newest_state(twins.send(run))
        if (number := next(runs)) % 500 == 0:
            logger.info("%d runs in %.0f s", number, time.monotonic() - started)

    for months in MONTHS:
        with folding():
            send_run()
        assert_equal_books()
        close_months(*months)
        assert_equal_books()
        # The next part sends more snapshots of some of these orders, which now have settled lines.
        twins.settled = [name for (name,) in query(SETTLED)]
        assert twins.settled
    logger.info("%d runs in %.0f s", next(runs) - 1, time.monotonic() - started)
