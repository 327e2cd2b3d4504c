"""The SQL of ingestion. Each statement takes a whole batch."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, connection, transaction

from accounts.models import ApiKey
from lib.bulk_copy import COPY_ROWS, copy_rows, take_ids
from lib.instants import build_microseconds_sql, parse_microseconds
from tracking.models import Order, Reason
from tracking.orders.attribution import Attribution
from tracking.orders.click_details import ClickDetails
from tracking.orders.order_state import OrderState
from tracking.orders.snapshots import Snapshot


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

_INSERTED = f"""
    id, order_id, placed_at, currency, updated_at, status, completed_at, coupon_code, click_id, customer_hash, country,
    affiliate_id, link_id, clicked_at, reason, candidate_id, agreement_id, rates_agreement_id, clause,
    {", ".join(ClickDetails._fields)}
"""


def insert_orders(states: Mapping[str, OrderState]) -> dict[str, OrderState]:
    """Insert orders in the order of their ids, each as its newest snapshot says it is; return those that were inserted.

    Two senders of the same new order meet here: the second waits for the first, and its order is then known.
    """
    if not states or (len(states) >= COPY_ROWS and _copy_orders(states)):
        return dict(states)
    values = [_build_values(states[order_id]) for order_id in sorted(states)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO tracking_order ({_INSERTED})
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


def _copy_orders(states: Mapping[str, OrderState]) -> bool:
    """Copy new orders like `insert_orders`. Return False, with none inserted, if another sender has just sent one."""
    try:
        with transaction.atomic():
            copy_rows("tracking_order", _INSERTED, (_list_values(states[order_id]) for order_id in sorted(states)))
    except IntegrityError:
        return False
    return True


def _list_values(state: OrderState) -> tuple[Any, ...]:
    s, a = state.snapshot, state.attribution
    assert s is not None
    return (
        *(state.pk, s.order_id, s.placed_at, s.currency, s.updated_at, s.status, s.completed_at, a.coupon, s.click_id),
        *(s.customer_hash, s.country, a.affiliate_id, a.link_id, a.clicked_at, a.reason.value, a.candidate_id),
        *(a.agreement_id, a.rates_agreement_id, state.clause, *state.click_details),
    )


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
    if len(fresh) >= COPY_ROWS:
        return _copy_snapshots(fresh, api_key)
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


def _copy_snapshots(
    fresh: Sequence[tuple[Snapshot, bytes, str]], api_key: ApiKey | None
) -> dict[tuple[str, datetime], int]:
    sequences = take_ids("tracking_ordersnapshot", "sequence", len(fresh))
    key = str(api_key.pk) if api_key else None
    copy_rows(
        "tracking_ordersnapshot",
        "sequence, order_id, updated_at, sha256, content, api_key_id",
        (
            (sequence, snapshot.order_id, snapshot.updated_at, digest, text.decode(), key)
            for sequence, (snapshot, text, digest) in zip(sequences, fresh, strict=True)
        ),
    )
    keys = ((snapshot.order_id, snapshot.updated_at) for snapshot, _text, _digest in fresh)
    return dict(zip(keys, sequences, strict=True))


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
