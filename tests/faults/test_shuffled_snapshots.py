"""Snapshots shuffled, repeated, interleaved, dropped and sent again over eight connections end in the state of the newest.

`SHUFFLED_RUNS=10000 pytest tests/faults/test_shuffled_snapshots.py` is the long form; without it some tens of runs are made.
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

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]

logger = logging.getLogger(__name__)
RUNS = int(os.environ.get("SHUFFLED_RUNS", "60"))
# After each part months are closed, so that what comes later is news of orders that are settled: those of a month are
# validated in the next one.
MONTHS = (("2026-01", "2026-02"), ("2026-03",), ("2026-04",))

# One letter stands before the number of an order and of its twin; X behind the names of a twin's affiliate and coupons.
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
  LEFT JOIN tracking_link link ON link.id = o.link_id LEFT JOIN affiliates_affiliate linked ON linked.id = link.affiliate_id
 WHERE o.order_id = ANY(%s) ORDER BY o.order_id, l.line_id
"""
RECEIPTS = "SELECT COUNT(*) FROM tracking_ordersnapshot WHERE order_id = ANY(%s)"
# A commission of an order that is nobody's or another's any more is worth nothing, whoever had it before.
LEFT_OVER = """
SELECT COUNT(*) FROM payouts_commission c JOIN tracking_order o ON o.id = c.order_id
 WHERE c.affiliate_id IS DISTINCT FROM o.affiliate_id AND (c.amount <> 0 OR c.base <> 0)
"""
# Whose an order is does not change once a line of it has been settled, whatever its later snapshots name.
MOVED_ON = """
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
  FROM payouts_statement s JOIN affiliates_affiliate a ON a.id = s.affiliate_id JOIN payouts_close c ON c.id = s.close_id
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


def rows(statement: str, *values: str | list[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@contextmanager
def folding_meanwhile() -> Iterator[None]:
    """Roll-ups are folded while orders come in, as beat has it done, only more often."""
    ended, failed = threading.Event(), []

    def fold() -> None:
        try:
            while not ended.wait(0.3):
                rollups.fold_rollups()
        except Exception as error:  # noqa: BLE001 -- told below, where it can fail the test
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=fold)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert failed == []


def end_in_the_newest(orders: list[SentOrder]) -> None:
    """The orders say what their newest reports say, and all that their twins say; each report is kept once."""
    sent, twin = (rows(ORDERS, [f"{letter}{order.name}" for order in orders]) for letter in "ST")
    assert sent == twin
    assert rows(RECEIPTS, [f"S{order.name}" for order in orders]) == [(sum(len(order.reports) for order in orders),)]
    for order in orders:
        newest, lines = order.reports[-1], [row for row in sent if row[0] == order.name]
        assert {row[2] for row in lines} == {newest.status}
        told = {str(line): (cents, back) for line, _category, cents, back in newest.lines}
        gone = {str(line) for report in order.reports for line, *_rest in report.lines} - told.keys()
        found = {row[18]: (int(row[24] * 100), int(row[25] * 100)) for row in lines}
        assert found == told | dict.fromkeys(gone, (0, 0))


def the_books_are_equal() -> None:
    """Roll-ups, statements and the ledger of each affiliate and of their twin; and all of them in themselves."""
    assert rows(LEFT_OVER) == [(0,)]
    assert rows(MOVED_ON) == [(0,)]
    call_command("verify_rollups", stdout=StringIO(), stderr=StringIO())
    for code in ("ANN", "BEN", "CAT"):
        for statement in (LEDGER, STATEMENTS, ROLLUPS):
            assert rows(statement, code) == rows(statement, f"{code}X"), code
    assert [finding for finding in verification.check_invariants() if finding.violations] == []
    assert [difference for close in Close.objects.all() for difference in replay(close)] == []


@pytest.fixture
def twins(tmp_path) -> Iterator[Twins]:
    made = Twins(tmp_path)
    yield made
    made.close()


@pytest.mark.slow
def test_ends_in_the_newest_state_with_equal_books(twins: Twins) -> None:
    seen, begun = count(1), time.monotonic()

    @settings(
        max_examples=-(-RUNS // len(MONTHS)),
        deadline=None,
        database=None,
        derandomize=RUNS <= 60,
        suppress_health_check=list(HealthCheck),
        # A smaller example is worth the time only where somebody waits for it.
        phases=[Phase.generate, Phase.shrink],
    )
    @given(generate_runs())
    def a_run(run: Run) -> None:
        note(str(run))
        end_in_the_newest(twins.send(run))
        if next(seen) % 500 == 0:
            logger.info("%.0f s for the last of 500 runs more", time.monotonic() - begun)

    for months in MONTHS:
        with folding_meanwhile():
            a_run()
        the_books_are_equal()
        close_months(*months)
        the_books_are_equal()
        # What comes in the next part is news of some of these, of which the close has settled lines.
        twins.settled = [name for (name,) in rows(SETTLED)]
        assert twins.settled
    logger.info("%d runs in %.0f s", next(seen) - 1, time.monotonic() - begun)
