"""The inbox of events: what a shop sends is verified and stored before the answer (specification 11)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection as database

from lib.ids import uuid7
from payouts.payout_details import encryption
from shops.connectors import secrets
from shops.connectors.base import Delivery, EventName
from shops.connectors.registry import get_connector
from shops.models import Connection, Reject, ShopEvent
from tracking.orders.ingestion_sql import dump_rows

KEEP = timedelta(days=30)
# The columns that say what became of an event, with their types.
_RESULT = {
    "state": "text",
    "order_key": "text",
    "outcome": "text",
    "field": "text",
    "cause": "text",
    "attempts": "int",
    "next_attempt_at": "timestamptz",
    "processed_at": "timestamptz",
    "reject_id": "uuid",
}


class Receipt(NamedTuple):
    """The answer to a delivery: `is_new` unless the same one was stored before, or it was a ping."""

    answer: str
    is_new: bool


def receive(*, connection: Connection, delivery: Delivery, now: datetime) -> Receipt:
    """Verify a delivery and store it once. Raises InvalidSignature, and stores nothing."""
    connector = get_connector(connection)
    ping = connector.get_ping_answer(delivery)
    if ping is not None:
        return Receipt(ping, is_new=False)
    connector.check_signature(delivery, secrets.list_secrets(connection, now=now), connection.options)
    name = connector.name_event(delivery, connection.options)
    return store(connection=connection, name=name, body=delivery.body, now=now)


def store(*, connection: Connection, name: EventName, body: bytes, now: datetime) -> Receipt:
    """Store an event once, to be folded."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shops_shopevent AS e (
                id, connection_id, delivery, topic, received_at, triggered_at, repeats, body, state,
                order_key, outcome, field, cause, attempts, next_attempt_at
            ) VALUES (%s, %s, %s, %s, %s, %s, 0, %s, 'waiting', '', '', '', '', 0, %s)
            ON CONFLICT (connection_id, delivery) DO UPDATE SET repeats = e.repeats + 1
            RETURNING repeats = 0
            """,
            [
                *(uuid7(), connection.pk, name.delivery[:200], name.topic[:100], now, name.triggered_at[:40]),
                *(encryption.seal(body), now),
            ],
        )
        [is_new] = cursor.fetchone() or (False,)
    return Receipt("stored" if is_new else "stored before", bool(is_new))


def store_results(events: Sequence[ShopEvent]) -> None:
    """Store what became of the events, in one statement."""
    with database.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE shops_shopevent AS e SET {", ".join(f"{name} = new.{name}" for name in _RESULT)}
              FROM json_to_recordset(%s) AS new(id uuid, {", ".join(map(" ".join, _RESULT.items()))})
             WHERE e.id = new.id
            """,  # noqa: S608 -- fixed names
            [dump_rows({name: getattr(event, name) for name in ("id", *_RESULT)} for event in events)],
        )


def delete_old_events(*, now: datetime) -> int:
    """Delete events that are older than `KEEP`, but none that waits, also in the rejects inbox. Return their number."""
    old = ShopEvent.objects.filter(received_at__lt=now - KEEP).exclude(state=ShopEvent.State.WAITING)
    return old.exclude(reject__state=Reject.State.OPEN).delete()[0]
