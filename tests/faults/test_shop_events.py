"""Signed events of four shops that are delivered to a web server while the process that folds them is killed.

`SHOP_EVENT_MINUTES=5 pytest tests/faults/test_shop_events.py` is the form of `make bench`, with more kills but without
the queue; `make faults` takes a minute, the default is three seconds.
"""

import os
import random
import time

import pytest
from django.db import connection
from django.utils import timezone

from benchmarks import shop_program
from benchmarks.shop_senders import Senders
from shops.connectors import folding
from tests.faults.child_processes import run_and_kill
from tests.faults.kill_rounds import SEED
from tests.web_server import run_web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MINUTES = float(os.environ.get("SHOP_EVENT_MINUTES", "0.05"))
EVENTS_A_MINUTE = 2_000
# A child is killed within this time, which is about as long as a batch takes.
KILL_WITHIN_SECONDS = 0.15
PAUSE_SECONDS = 0.1


def process_events() -> None:
    folding.process_events(now=timezone.now())


def count_rollbacks() -> int:
    """Return how many transactions of this database were not committed, such as those of killed processes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_events_end_in_the_same_orders_as_once_in_order_though_workers_are_killed(report_line):
    chance = random.Random(SEED)
    shops = shop_program.create_shops(round(EVENTS_A_MINUTE * MINUTES), SEED)
    for shop in shops:
        shop_program.deliver_in_order(shop)
    kills, rollbacks = 0, count_rollbacks()
    with run_web_server(threads=64) as server:
        senders = Senders(server.port, shops, EVENTS_A_MINUTE)
        while senders.are_sending():
            run_and_kill(process_events, chance.uniform(0, KILL_WITHIN_SECONDS))
            kills += 1
            time.sleep(PAUSE_SECONDS)
        answers = senders.collect_answers()
    waiting = shop_program.count_events(shops, "waiting")
    process_events()
    found = shop_program.compare_orders(shops)
    report_line(
        f"{len(answers)} shop events from four senders, {kills} kills (seed {SEED}), {count_rollbacks() - rollbacks} in a"
        f" transaction, {waiting} events waiting at the end; {found.orders} orders, {found.differences} different"
    )
    assert {answer.status for answer in answers} == {200}
    assert shop_program.count_deliveries(shops) == len(answers)
    assert shop_program.count_events(shops, "waiting", "refused") == 0
    assert (found.differences, found.digest) == (0, found.digest_in_order), f"repeat: FAULT_SEED={SEED}"
    assert found.commissions > 0
    assert found.refunded_lines > 0
    assert kills > 3
