"""Snapshots that arrive late, twice, in any order and from several senders at once."""

import hashlib
import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from tests.scenarios import build_order, create_program, import_affiliates, send_orders
from tests.stories.retail import RECORDS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

STATE = """
SELECT (SELECT string_agg(t::text, '|' ORDER BY t.order_id) FROM (
            SELECT order_id, updated_at, status, placed_at, completed_at, coupon_code, affiliate_id, reason
              FROM tracking_order) t),
       (SELECT string_agg(t::text, '|' ORDER BY t.order_id, t.line_id) FROM (
            SELECT o.order_id, l.line_id, l.amount, l.refunded, l.category, c.amount, c.rate, c.validates_at
              FROM tracking_orderline l JOIN tracking_order o ON o.id = l.order_id
              LEFT JOIN payouts_commission c ON c.line_id = l.id) t),
       (SELECT string_agg(t::text, '|' ORDER BY t.order_id, t.updated_at) FROM (
            SELECT order_id, updated_at, sha256 FROM tracking_ordersnapshot) t)
"""


def compute_digest() -> str:
    """Return a digest of orders, lines, commissions and snapshots."""
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        return hashlib.sha256(repr(cursor.fetchone()).encode()).hexdigest()


def delete_orders() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; DELETE FROM payouts_commission; DELETE FROM tracking_orderline;"
            "DELETE FROM tracking_order; DELETE FROM tracking_ordersnapshot; SET session_replication_role = DEFAULT"
        )


def send_at_once(batches: list[list[dict]], size: int = 50) -> None:
    def send(batch: list[dict]) -> None:
        try:
            for start in range(0, len(batch), size):
                send_orders(*batch[start : start + size])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(batches)) as pool:
        list(pool.map(send, batches))


def build_history(number: int, random_source: random.Random) -> list[dict]:
    """Return up to five snapshots of one order: paid, completed, refunded, with lines added or dropped."""
    coupon = random_source.choice(["ANN", "BEN", None])
    snapshots = []
    for version in range(random_source.randint(1, 5)):
        lines = [
            ("home-decor", "100.00", f"{random_source.randint(0, 100)}.00") for _ in range(random_source.randint(1, 3))
        ]
        completed = "2026-01-12T12:00:00Z" if version else None
        at = f"2026-01-1{version + 2}T12:00:00Z"
        snapshots.append(build_order(f"Z{number}", *lines, at=at, completed=completed, coupon=coupon))
    return snapshots


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_repeats_from_four_senders_give_same_state_as_in_order(seed, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN"], tmp_path)
    random_source = random.Random(seed)
    snapshots = [row for number in range(60) for row in build_history(number, random_source)]
    send_orders(*snapshots)
    digest_in_order = compute_digest()
    delete_orders()
    batches = []
    for _ in range(4):
        batch = snapshots * 2
        random_source.shuffle(batch)
        batches.append(batch[: len(batch) // 2] if len(batches) < 2 else batch)
    send_at_once(batches)
    assert compute_digest() == digest_in_order


@pytest.mark.slow
@pytest.mark.skipif(not RECORDS.is_dir(), reason="the retail records are not beside this checkout")
def test_shuffled_repeats_of_real_december_give_same_state_as_in_order(tmp_path):
    process = subprocess.run([sys.executable, RECORDS / "orders.py"], capture_output=True, check=True, text=True)
    december = [row for row in map(json.loads, process.stdout.splitlines()) if row["updated_at"] < "2011-01-01"]
    assert len(december) == 3_290
    create_program("2010-11-01")
    import_affiliates(sorted({row["coupon"] for row in december} - {None}), tmp_path, accepted="2010-11-02")
    send_at_once([december], size=1000)
    digest_in_order = compute_digest()
    delete_orders()
    twice = december * 2
    random.Random(0).shuffle(twice)
    send_at_once([twice[number::4] for number in range(4)], size=500)
    assert compute_digest() == digest_in_order
