"""What is in the database after the load, compared with what was answered and with a single node."""

import hashlib
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.scale.traffic import Record

SPOOL_SECONDS = 60
ORDERS_SQL = """
SELECT o.order_id, o.status, o.updated_at, a.code, o.reason, l.line_id, l.amount, l.refunded, c.base, c.rate, c.amount
  FROM tracking_order o JOIN tracking_orderline l ON l.order_id = o.id
  LEFT JOIN affiliates_affiliate a ON a.id = o.affiliate_id LEFT JOIN payouts_commission c ON c.line_id = l.id
"""


def read_click_counts(record: Record, before: int) -> dict[str, int]:
    """Return the acknowledged clicks, those that are lost or doubled, and the clicks without an answer.

    Waits for the clicks that nodes have spooled.
    """
    from tracking.clicks import click_ids
    from tracking.models import Click

    tokens = [click_ids.verify_click_id(one) for one in record.click_ids]
    nonces = {token.nonce for token in tokens if token}
    deadline = time.monotonic() + SPOOL_SECONDS
    while True:
        rows = Click.objects.filter(pk__in=nonces).count()
        if rows >= len(nonces) or time.monotonic() > deadline:
            break
        time.sleep(1)
    known = Click.objects.filter(pk__in=nonces).values("pk").distinct().count()
    return {
        "acknowledged": len(record.click_ids),
        "lost": len(nonces) - known,
        "doubled": rows - known + len(record.click_ids) - len(nonces),
        "without an answer": Click.objects.count() - before - rows,
    }


def read_order_counts(record: Record) -> dict[str, int]:
    """Return the snapshots that were taken, those that are lost and those that are doubled."""
    from tracking.models import OrderSnapshot

    sent = {(one["order_id"], datetime.fromisoformat(one["updated_at"])) for one in record.snapshots}
    stored = list(OrderSnapshot.objects.filter(order_id__startswith="S").values_list("order_id", "updated_at"))
    return {
        "acknowledged": len(sent),
        "lost": len(sent - set(stored)),
        "doubled": len(stored) - len(set(stored)),
    }


def send_to_reference(snapshots: Sequence[dict[str, Any]]) -> None:
    """Ingest all snapshots in one process, in the order of their time."""
    from tests.scenarios import send_orders

    ordered = sorted(snapshots, key=lambda one: (one["updated_at"], one["order_id"]))
    for start in range(0, len(ordered), 1000):
        send_orders(*ordered[start : start + 1000])


def close_and_digest() -> tuple[str, str]:
    """Close the months in which the orders become due; return digests of the orders and of what the closes wrote."""
    from django.db import connection

    from payouts.closing import close
    from tests.faults.close_digest import compute_digest

    with connection.cursor() as cursor:
        cursor.execute(ORDERS_SQL)
        orders = hashlib.sha256(repr(sorted(map(repr, cursor.fetchall()))).encode()).hexdigest()
    month = datetime.now(UTC).date().replace(day=1)
    for _month in range(3):
        end = _get_next_month(month)
        close.close_month(month=month, now=datetime(end.year, end.month, 5, 12, tzinfo=UTC), by=None)
        month = end
    return orders, compute_digest()


def _get_next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
