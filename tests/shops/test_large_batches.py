"""A large batch, which is copied, stores what the same orders store when they are sent in small ones."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from lib.bulk_copy import COPY_ROWS
from lib.ids import uuid7
from shops import intake
from tests.scenarios import NOW, build_line, build_order, create_program, import_affiliates, send_orders
from tracking.models import Order, Reason
from tracking.orders import ingestion_sql
from tracking.orders.attribution import Attribution
from tracking.orders.order_state import OrderState

pytestmark = pytest.mark.django_db

TABLES = {
    "tracking_order": "id",
    "tracking_ordersnapshot": "sequence, received_at, transaction",
    "tracking_orderline": "id, order_id",
    "payouts_commission": "line_id, order_id, snapshot_sequence",
    "tracking_changedday": "id",
}
TITLES = ["tab\there", "line\nbreak", "back\\slash \\N \\.", "Ö 😀", 'quote"', "plain"]


@pytest.fixture(autouse=True)
def program(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN"], tmp_path)


def build_batch(count: int = COPY_ROWS) -> list[dict[str, Any]]:
    """Return orders of one or two lines, of two affiliates or none, some of them cancelled."""
    orders = []
    for number in range(count):
        lines = [build_line(str(at), "home-decor", f"{number + at}.10", "0.05") for at in range(1 + number % 2)]
        lines[0]["title"] = TITLES[number % len(TITLES)]
        sold: dict[str, Any] = {"coupon": ("ANN", "BEN", None, " ann ")[number % 4], "lines": lines}
        state = ({}, {"completed": "2026-01-12T12:00:00Z", "at": "2026-01-12T12:00:00Z"}, {"status": "cancelled"})
        orders.append(build_order(f"L{number:03}", **sold, **state[number % 3]))
    return orders


def read_rows() -> dict[str, list[Any]]:
    """Return all rows without generated numbers."""
    stored = {}
    with connection.cursor() as cursor:
        for table, generated in TABLES.items():
            removed = ", ".join(f"'{column}'" for column in generated.split(", "))
            cursor.execute(f"SELECT DISTINCT to_jsonb(t) - ARRAY[{removed}] AS stored FROM {table} t ORDER BY 1")
            stored[table] = cursor.fetchall()
    return stored


def send_in(size: int, orders: list[dict[str, Any]]) -> list[Any]:
    batches = (orders[first : first + size] for first in range(0, len(orders), size))
    return [result.to_public_dict() for batch in batches for result in send_orders(*batch)]


def send_and_undo(size: int, *steps: list[dict[str, Any]]) -> Iterator[Any]:
    with transaction.atomic():
        for orders in steps:
            yield send_in(size, orders)
        yield read_rows()
        transaction.set_rollback(True)


def test_large_batch_stores_what_small_ones_store():
    orders = build_batch()
    changed = [order | {"updated_at": "2026-01-20T12:00:00Z", "coupon": "BEN"} for order in orders[::2]]
    mixed = changed + [order | {"order_id": f"M{order['order_id']}"} for order in orders]
    small = list(send_and_undo(10, orders, mixed))
    assert {result["outcome"] for result in small[1]} == {"updated", "created"}
    assert list(send_and_undo(1000, orders, mixed)) == small


def test_two_snapshots_of_a_new_order_in_a_large_batch():
    """The newer one lacks a line, which is stored with 0.00."""
    older = build_order("T1", ("home-decor", "1.00"), ("home-decor", "2.00"), coupon="ANN")
    newer = build_order("T1", ("home-decor", "1.00"), coupon="ANN", at="2026-01-11T12:00:00Z")
    send_orders(older, newer, *build_batch())
    lines = (
        Order.objects.get(order_id="T1")
        .lines.order_by("position")
        .values_list("line_id", "amount", "commission__amount")
    )
    assert [(line, str(amount), str(commission)) for line, amount, commission in lines] == [
        ("1", "1.00", "0.05"),
        ("2", "0.00", "0.00"),
    ]


def test_order_that_another_sender_was_first_to_send_is_left_alone():
    orders = build_batch()
    send_orders(orders[0])
    known = Order.objects.get()
    states = {order["order_id"]: build_state(order) for order in orders}
    inserted = ingestion_sql.insert_orders(states)
    assert inserted.keys() == states.keys() - {known.order_id}
    assert Order.objects.count() == len(orders)
    assert Order.objects.get(order_id=known.order_id).pk == known.pk


def build_state(order: dict[str, Any]) -> OrderState:
    snapshot = intake.build_reader(NOW).read(order)
    return OrderState(
        uuid7(), snapshot.placed_at, None, Attribution(None, Reason.NO_CLAIM), snapshot=snapshot, is_new=True
    )
