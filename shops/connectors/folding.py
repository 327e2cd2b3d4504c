"""From events to snapshots: the events of an order are folded into one state, of which the snapshot is made.

All of it is in one transaction a batch: a worker that is killed leaves everything as it was (specification 11).
"""

import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from payouts.payout_details import encryption
from shops import intake
from shops.connectors import inbox, milestones
from shops.connectors.base import Ignored, OrderParts, Product, StoredEvent
from shops.connectors.event_bodies import parse_body
from shops.connectors.parts import Part, get_data, merge
from shops.connectors.products import store_products
from shops.connectors.registry import get_connector
from shops.connectors.shop_orders import Result, build_source, send_orders
from shops.models import Connection, Reject, ShopEvent, ShopOrder
from tracking.orders.coupon_erasure import ErasedCodes, find_erased_codes
from tracking.orders.snapshot_fields import Rejected

logger = logging.getLogger(__name__)
State = ShopEvent.State

BATCH = 200
# How long an event waits after a failure that it does not explain, and after how many it is given to staff.
RETRY_AFTER = timedelta(minutes=1)
MAX_ATTEMPTS = 6
# The outcomes with a snapshot, which is one for all events of an order in a batch.
SNAPSHOT_OUTCOMES = ("created", "updated")
# As long as the id of a snapshot, which begins with the prefix of the connection.
MAX_ORDER_ID = 64


def process_events(*, now: datetime) -> int:
    """Process the waiting events of all active connections. Return their number."""
    due = ShopEvent.objects.filter(state=State.WAITING, next_attempt_at__lte=now)
    waiting = due.filter(connection__state=Connection.State.ACTIVE).values_list("connection", flat=True)
    total = 0
    for pk in list(waiting.order_by("connection").distinct()):
        while taken := _process_batch(pk, now):
            total += taken
    return total


def _process_batch(pk: UUID, now: datetime) -> int:
    """Process the oldest events of a connection, one by one if they fail together."""
    try:
        with transaction.atomic():
            return _take_events(pk, BATCH, now, _fold)
    except Exception:
        logger.exception("events of connection %s are processed one by one", pk)
    done = 0
    while done < BATCH and (taken := _process_one(pk, now)):
        done += taken
    return done


def _process_one(pk: UUID, now: datetime) -> int:
    try:
        with transaction.atomic():
            return _take_events(pk, 1, now, _fold)
    except Exception as error:
        logger.exception("an event of connection %s could not be processed", pk)
        cause = f"could not be processed ({type(error).__name__})"
        with transaction.atomic():
            return _take_events(pk, 1, now, lambda connection, events, at: _postpone(connection, events, at, cause))


def _take_events(
    pk: UUID, most: int, now: datetime, process: Callable[[Connection, list[ShopEvent], datetime], None]
) -> int:
    connection = lock_connection(pk)
    if connection is None:
        return 0
    due = connection.events.filter(state=State.WAITING, next_attempt_at__lte=now)
    events = list(due.order_by("next_attempt_at", "id")[:most])
    if events:
        process(connection, events, now)
    return len(events)


def lock_connection(pk: UUID) -> Connection | None:
    """Return the active connection, locked until the transaction ends; None if another worker has it."""
    rows = Connection.objects.select_for_update(no_key=True, skip_locked=True)
    return rows.filter(pk=pk, state=Connection.State.ACTIVE).first()


def _postpone(connection: Connection, events: list[ShopEvent], now: datetime, cause: str) -> None:
    for event in events:
        event.attempts += 1
        if event.attempts >= MAX_ATTEMPTS:
            _refuse(connection, event, Rejected("", cause), now)
        else:
            event.cause, event.next_attempt_at = cause, now + RETRY_AFTER * 2**event.attempts
    inbox.store_results(events)


def _fold(connection: Connection, events: list[ShopEvent], now: datetime) -> None:
    orders: dict[str, list[ShopEvent]] = {}
    parts: dict[str, list[Part]] = {}
    products: list[Product] = []
    for event in events:
        try:
            found = _read_event(connection, event)
        except Ignored as reason:
            _settle(event, State.IGNORED, "ignored", now, cause=str(reason))
        except Rejected as refusal:
            _refuse(connection, event, refusal, now)
        else:
            if isinstance(found, Product):
                products.append(found)
                _settle(event, State.DONE, "product", now)
                continue
            event.order_key = found.order_key
            orders.setdefault(found.order_key, []).append(event)
            parts.setdefault(found.order_key, []).extend(found.parts)
    store_products(connection, products)
    results = merge_parts(connection, parts, now=now)
    for key, (*earlier, last) in orders.items():
        _settle_by_result(last, results[key], now)
        for event in earlier:
            _settle_by_result(event, _combine(results[key]), now)
    delivered = [event.received_at for event in events if event.was_delivered]
    if delivered:
        milestones.note_event(connection, min(delivered))
    inbox.store_results(events)


def _read_event(connection: Connection, event: ShopEvent) -> OrderParts | Product:
    content = parse_body(encryption.unseal(bytes(event.body)))
    stored = StoredEvent(event.topic, event.triggered_at, event.received_at, content)
    found = get_connector(connection).read_event(stored, connection.options)
    longest = MAX_ORDER_ID - len(connection.prefix) - 1
    if isinstance(found, OrderParts) and not 0 < len(found.order_key) <= longest:
        raise Rejected("order_id", f"must have 1 to {longest} characters behind the prefix of the connection")
    return found


def process_due_orders(*, now: datetime) -> int:
    """Make new snapshots of orders whose snapshot changes because time has passed. Return their number."""
    due = ShopOrder.objects.filter(due_at__lte=now, connection__state=Connection.State.ACTIVE)
    total = 0
    for pk in list(due.order_by("connection").values_list("connection", flat=True).distinct()):
        with transaction.atomic():
            connection = lock_connection(pk)
            if connection is not None:
                orders = list(due.filter(connection=connection).order_by("due_at", "id")[:BATCH])
                send_orders(connection, orders, now=now)
                total += len(orders)
    return total


def merge_parts(connection: Connection, parts: dict[str, list[Part]], *, now: datetime) -> dict[str, Result]:
    """Merge parts into the states of the orders named by their keys, and send the orders that changed.

    The connection must be locked. Returns a result for each key.
    """
    orders = {order.order_key: order for order in ShopOrder.objects.filter(connection=connection, order_key__in=parts)}
    erased = _find_erased_codes(part for of_order in parts.values() for part in of_order)
    for key, of_order in parts.items():
        order = orders.setdefault(
            key, ShopOrder(connection=connection, order_key=key, order_id=f"{connection.prefix}-{key}")
        )
        order.state = merge(order.state, [_hide_people(part, erased) for part in of_order])
    return send_orders(connection, list(orders.values()), now=now)


def is_known(connection: Connection, found: OrderParts) -> bool:
    """Return whether the state of the order holds all that the parts say, whatever their versions."""
    order = ShopOrder.objects.filter(connection=connection, order_key=found.order_key).first()
    if order is None:
        return False
    erased = _find_erased_codes(found.parts)
    parts = [_hide_people(part, erased) for part in found.parts]
    return all(part.keeps_first or get_data(order.state, part.name) == part.data for part in parts)


def _find_erased_codes(parts: Iterable[Part]) -> ErasedCodes:
    return find_erased_codes(
        code for part in parts if isinstance(part.data, dict) for code in part.data.get("coupons") or ()
    )


def _hide_people(part: Part, erased: ErasedCodes) -> Part:
    """Return the part as JSON that can be stored: the customer as a keyed hash, erased affiliates' coupons as pseudonyms."""
    data = json.loads(json.dumps(part.data, default=str))
    if isinstance(data, dict) and data.get("customer_ref"):
        data["customer_ref"] = intake.hash_customer(str(data["customer_ref"]))
    if isinstance(data, dict) and data.get("coupons"):
        data["coupons"] = [erased.replace(code) for code in data["coupons"]]
    return Part(part.name, part.version, data, part.keeps_first)


def _combine(result: Result) -> Result:
    """Return the result of an earlier event of a batch: the snapshot of the order's last event contains it."""
    return result._replace(outcome="combined") if result.outcome in SNAPSHOT_OUTCOMES else result


def _settle_by_result(event: ShopEvent, result: Result, now: datetime) -> None:
    state = State.REFUSED if result.is_refused else State.DONE
    _settle(event, state, result.outcome, now, field=result.field, cause=result.cause)
    event.reject = result.reject


def _settle(event: ShopEvent, state: State, outcome: str, now: datetime, *, field: str = "", cause: str = "") -> None:
    event.state, event.outcome, event.field, event.cause = state, outcome, field[:200], cause
    event.processed_at, event.next_attempt_at = now, None


def _refuse(connection: Connection, event: ShopEvent, refusal: Rejected, now: datetime) -> None:
    """Give the event to the rejects inbox, whose row names it; the event itself stays encrypted."""
    _settle(event, State.REFUSED, "rejected", now, field=refusal.field, cause=refusal.message)
    event.reject = Reject.objects.create(
        received_at=event.received_at,
        source=build_source(connection),
        order_id=intake.clean_order_id(event.order_key),
        field=refusal.field[:200],
        cause=refusal.message,
        content=json.dumps({"event": str(event.pk), "topic": event.topic, "delivery": event.delivery}),
    )
