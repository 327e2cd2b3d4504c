"""The SQL that writes the lines of a batch of orders."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from lib.bulk_copy import COPY_ROWS, copy_rows, take_ids
from tracking.orders.ingestion_sql import dump_rows
from tracking.orders.order_state import OrderState
from tracking.orders.snapshots import Line

_COLUMNS = "order_id, position, line_id, sku, title, category, quantity, amount, refunded"
PlacedLine = tuple[UUID, int, Line]  # order, position, line


def write_lines(states: Sequence[OrderState], *, vanished: Sequence[PlacedLine]) -> dict[UUID, list[tuple[int, Line]]]:
    """Write the lines of the orders' snapshots, and vanished lines with 0.00; return them with their primary keys."""
    new = _list_lines(state for state in states if state.is_new)
    changed = _list_lines(state for state in states if not state.is_new)
    written: dict[UUID, list[tuple[int, Line]]] = defaultdict(list)
    for rows, write in ((new, _insert_lines), (changed, _upsert_lines), (vanished, _upsert_lines)):
        if rows:
            for pk, (order_pk, _position, line) in zip(write(rows), rows, strict=True):
                written[order_pk].append((pk, line))
    return written


def _list_lines(states: Iterable[OrderState]) -> list[PlacedLine]:
    return [
        (state.pk, position, line)
        for state in states
        if state.snapshot
        for position, line in enumerate(state.snapshot.lines)
    ]


def _insert_lines(rows: Sequence[PlacedLine]) -> Sequence[int]:
    """Insert lines of new orders, of which none is stored yet; return their primary keys."""
    if len(rows) < COPY_ROWS:
        return _execute(rows, "")
    ids = take_ids("tracking_orderline", "id", len(rows))
    copy_rows(
        "tracking_orderline",
        f"id, {_COLUMNS}",
        ((pk, order_pk.hex, position, *line) for pk, (order_pk, position, line) in zip(ids, rows, strict=True)),
    )
    return ids


def _upsert_lines(rows: Sequence[PlacedLine]) -> Sequence[int]:
    return _execute(
        rows,
        """
        ON CONFLICT (order_id, line_id) DO UPDATE SET
           position = excluded.position, sku = excluded.sku, title = excluded.title, category = excluded.category,
           quantity = excluded.quantity, amount = excluded.amount, refunded = excluded.refunded
        """,
    )


def _execute(rows: Sequence[PlacedLine], on_conflict: str) -> Sequence[int]:
    values = (
        {
            "order_id": pk,
            "position": position,
            "line_id": line.line_id,
            "sku": line.sku,
            "title": line.title,
            "category": line.category,
            "quantity": line.quantity,
            "amount": line.amount,
            "refunded": line.refunded,
        }
        for pk, position, line in rows
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO tracking_orderline ({_COLUMNS})
            SELECT * FROM json_to_recordset(%s) AS new(order_id uuid, position int, line_id text, sku text, title text,
                   category text, quantity int, amount numeric, refunded numeric) {on_conflict}
            RETURNING id, order_id, line_id
            """,  # noqa: S608 -- our own words
            [dump_rows(values)],
        )
        keys = {(order_pk, line_id): pk for pk, order_pk, line_id in cursor.fetchall()}
    return [keys[order_pk, line.line_id] for order_pk, _position, line in rows]


def find_vanished_lines(order_pks: Iterable[UUID]) -> list[PlacedLine]:
    """The lines that older receipts of the orders have and the newest has not, at 0.00, each as the newest receipt that
    has it says: the answer depends on the receipts alone, not on the order in which they came."""
    pks = list(order_pks)
    if not pks:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH newest AS MATERIALIZED (
                SELECT o.id, o.order_id, o.updated_at,
                       ARRAY(SELECT line->>'line_id' FROM jsonb_array_elements(r.content->'lines') line) AS line_ids
                  FROM tracking_order o JOIN tracking_ordersnapshot r USING (order_id, updated_at) WHERE o.id = ANY(%s)
            )
            SELECT DISTINCT ON (newest.id, line->>'line_id') newest.id, (place - 1)::int, line->>'line_id', line->>'sku',
                   line->>'title', line->>'category', (line->>'quantity')::int, 0.00::numeric, 0.00::numeric
              FROM newest
              JOIN tracking_ordersnapshot older ON older.order_id = newest.order_id AND older.updated_at < newest.updated_at
             CROSS JOIN LATERAL jsonb_array_elements(older.content->'lines') WITH ORDINALITY AS item(line, place)
             WHERE line->>'line_id' <> ALL(newest.line_ids)
             ORDER BY newest.id, line->>'line_id', older.updated_at DESC
            """,
            [pks],
        )
        return [(pk, position, Line(*line)) for pk, position, *line in cursor.fetchall()]
