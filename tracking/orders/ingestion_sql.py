"""The SQL of ingestion. Each statement takes a whole batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from accounts.models import ApiKey
from lib.instants import build_microseconds_sql, parse_microseconds
from tracking.models import Order, Reason
from tracking.orders.attribution import Attribution
from tracking.orders.click_details import ClickDetails
from tracking.orders.order_state import OrderState
from tracking.orders.snapshots import Line, Snapshot


def dump_rows(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows for `json_to_recordset`: one parameter, which the database parses faster than quoted arrays."""
    return orjson.dumps(list(rows), default=str).decode()


# Details of the same click are kept, because its record may have been dropped since.
_DETAILS = ", ".join(
    f"{name} = COALESCE(new.{name}, CASE WHEN tracking_order.link_id = new.link_id"
    f" AND tracking_order.clicked_at = new.clicked_at THEN tracking_order.{name} END)"
    for name in ClickDetails._fields
)

_COLUMNS = """
    id uuid, updated_at timestamptz, status text, completed_at timestamptz, coupon text, click_id text, customer_hash text,
    country text, affiliate_id uuid, link_id uuid, clicked_at timestamptz, reason text, candidate_id uuid,
    agreement_id uuid, rates_agreement_id uuid, clause text, sub1 text, sub2 text, sub3 text, sub4 text, sub5 text, device text
"""

VanishedLine = tuple[UUID, int, Line]  # order, position, line


def insert_orders(states: Mapping[str, OrderState]) -> dict[str, OrderState]:
    """Insert orders in the order of their ids, each as its newest snapshot says it is; return those that were inserted.

    Two senders of the same new order meet here: the second waits for the first, and its order is then known.
    """
    if not states:
        return {}
    values = [_build_values(states[order_id]) for order_id in sorted(states)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO tracking_order (id, order_id, placed_at, currency, updated_at, status, completed_at, coupon_code,
                   click_id, customer_hash, country, affiliate_id, link_id, clicked_at, reason, candidate_id,
                   agreement_id, rates_agreement_id, clause, {", ".join(ClickDetails._fields)})
            SELECT id, order_id, placed_at, currency, updated_at, status, completed_at, coupon, click_id, customer_hash,
                   country, affiliate_id, link_id, clicked_at, reason, candidate_id, agreement_id, rates_agreement_id, clause,
                   {", ".join(ClickDetails._fields)}
              FROM json_to_recordset(%s) AS new(order_id text, placed_at timestamptz, currency text, {_COLUMNS})
             ORDER BY order_id COLLATE "C"
                ON CONFLICT (order_id) DO NOTHING
            RETURNING order_id
            """,  # noqa: S608 -- our own column names
            [dump_rows(values)],
        )
        return {order_id: states[order_id] for (order_id,) in cursor.fetchall()}


def lock_orders(order_ids: set[str]) -> dict[str, OrderState]:
    """Return the orders' rows, locked in the order of ids until the transaction ends."""
    return _select_orders(order_ids, "FOR UPDATE")


def read_orders(order_ids: set[str]) -> dict[str, OrderState]:
    """Return the orders' rows as they are; lock nothing."""
    return _select_orders(order_ids, "")


def get_order_ids(order_pks: Iterable[UUID]) -> list[str]:
    """Return the shop's numbers of the orders."""
    return list(Order.objects.filter(pk__in=list(order_pks)).values_list("order_id", flat=True))


def _select_orders(order_ids: set[str], locked: str) -> dict[str, OrderState]:
    if not order_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT order_id, id, updated_at, placed_at,
                   affiliate_id, reason, candidate_id, link_id, clicked_at, agreement_id, rates_agreement_id
              FROM tracking_order WHERE order_id = ANY(%s) ORDER BY order_id COLLATE "C" {locked}
            """,  # noqa: S608 -- one of two words of our own
            [sorted(order_ids)],
        )
        states = {}
        for order_id, pk, updated_at, placed_at, *rest in cursor.fetchall():
            stored = Attribution(rest[0], Reason(rest[1]), *rest[2:])
            states[order_id] = OrderState(pk, placed_at, updated_at, stored, stored_attribution=stored)
        return states


def fetch_snapshot_digests(batch: Sequence[Snapshot]) -> dict[tuple[str, datetime], str]:
    """Return {(order id, updated_at): SHA-256} of those snapshots of the batch that are stored already."""
    if not batch:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT snapshot_row.order_id, snapshot_row.updated_at, snapshot_row.sha256
              FROM tracking_ordersnapshot snapshot_row
              JOIN (SELECT DISTINCT * FROM unnest(%s::text[], %s::timestamptz[])) AS sent(order_id, updated_at)
             USING (order_id, updated_at)
            """,
            [[s.order_id for s in batch], [s.updated_at for s in batch]],
        )
        return {(order_id, updated_at): sha256 for order_id, updated_at, sha256 in cursor.fetchall()}


def insert_snapshots(
    fresh: Sequence[tuple[Snapshot, bytes, str]], api_key: ApiKey | None
) -> dict[tuple[str, datetime], int]:
    """Store the receipts: snapshots with their canonical JSON and its SHA-256. Returns {(order id, updated_at): sequence}."""
    if not fresh:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO tracking_ordersnapshot (order_id, updated_at, sha256, content, api_key_id)
            SELECT order_id, updated_at, sha256, content, %s
              FROM json_to_recordset(%s) AS sent(order_id text, updated_at timestamptz, sha256 text, content jsonb)
            RETURNING order_id, {build_microseconds_sql("updated_at")}, sequence
            """,  # noqa: S608 -- our own column name
            [
                api_key.pk if api_key else None,
                dump_rows(
                    {
                        "order_id": s.order_id,
                        "updated_at": s.updated_at,
                        "sha256": digest,
                        "content": orjson.Fragment(text),
                    }
                    for s, text, digest in fresh
                ),
            ],
        )
        return {
            (order_id, parse_microseconds(updated_at)): sequence for order_id, updated_at, sequence in cursor.fetchall()
        }


def update_orders(states: Sequence[OrderState]) -> None:
    """Set the orders to what their newest snapshots say, with attribution, clause and click details."""
    if not states:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE tracking_order SET
                   updated_at = new.updated_at, status = new.status, completed_at = new.completed_at,
                   coupon_code = new.coupon, click_id = new.click_id, customer_hash = new.customer_hash,
                   country = new.country, affiliate_id = new.affiliate_id, link_id = new.link_id,
                   clicked_at = new.clicked_at, reason = new.reason, candidate_id = new.candidate_id,
                   agreement_id = new.agreement_id, rates_agreement_id = new.rates_agreement_id, clause = new.clause, {_DETAILS}
              FROM json_to_recordset(%s) AS new({_COLUMNS})
             WHERE tracking_order.id = new.id
            """,  # noqa: S608 -- our own column names
            [dump_rows(_build_values(state) for state in states)],
        )


def _build_values(state: OrderState) -> dict[str, Any]:
    s = state.snapshot
    assert s is not None
    return {
        "id": state.pk,
        "order_id": s.order_id,
        "placed_at": s.placed_at,
        "currency": s.currency,
        "updated_at": s.updated_at,
        "status": s.status,
        "completed_at": s.completed_at,
        "click_id": s.click_id,
        "customer_hash": s.customer_hash,
        "country": s.country,
        "clause": state.clause,
        **state.attribution._asdict(),
        # Most orders come by a coupon, so unknown click details are left out.
        **{name: value for name, value in state.click_details._asdict().items() if value is not None},
    }


def write_lines(
    states: Sequence[OrderState], *, vanished: Sequence[VanishedLine]
) -> dict[UUID, list[tuple[int, Line]]]:
    """Write the lines of the orders' snapshots, and vanished lines with 0.00; return them with their primary keys."""
    rows = [
        (state.pk, position, line)
        for state in states
        if state.snapshot
        for position, line in enumerate(state.snapshot.lines)
    ]
    rows += vanished
    if not rows:
        return {}
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
            """
            INSERT INTO tracking_orderline (order_id, position, line_id, sku, title, category, quantity, amount, refunded)
            SELECT * FROM json_to_recordset(%s) AS new(order_id uuid, position int, line_id text, sku text, title text,
                   category text, quantity int, amount numeric, refunded numeric)
                ON CONFLICT (order_id, line_id) DO UPDATE SET
                   position = excluded.position, sku = excluded.sku, title = excluded.title,
                   category = excluded.category, quantity = excluded.quantity, amount = excluded.amount,
                   refunded = excluded.refunded
            RETURNING id, order_id, line_id
            """,
            [dump_rows(values)],
        )
        keys = {(order_pk, line_id): pk for pk, order_pk, line_id in cursor.fetchall()}
    written: dict[UUID, list[tuple[int, Line]]] = defaultdict(list)
    for order_pk, _, line in rows:
        written[order_pk].append((keys[order_pk, line.line_id], line))
    return written


def find_vanished_lines(order_pks: Iterable[UUID]) -> list[VanishedLine]:
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
