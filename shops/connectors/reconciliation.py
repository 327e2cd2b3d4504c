"""Events that were missed: every hour the shop's API lists what has changed, and what is not known is stored as an event.

From there on it is an event like any other: folded, or in the rejects inbox (specification 11).
"""

import hashlib
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q

from lib.http_client import RequestFailed
from shops.connectors import api_failures, inbox
from shops.connectors.base import EventName, Ignored, OrderParts, StoredEvent
from shops.connectors.folding import is_known
from shops.connectors.registry import get_connector
from shops.connectors.shop_api import ChangedOrder
from shops.models import ApiFailure, Connection
from shops.models.connection import FOUND_PREFIX
from tracking.orders.snapshot_fields import Rejected

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
# Searched twice, for changes that the shop commits late and for clocks that differ.
OVERLAP = timedelta(minutes=10)


def reconcile_connections(*, clock: Callable[[], datetime]) -> tuple[int, int]:
    """Search the APIs of the connections that are due. Return how many missed events were stored, and failed searches."""
    now = clock()
    due = Connection.objects.filter(state=Connection.State.ACTIVE).exclude(api_key="")
    stored = failed = 0
    for connection in due.filter(Q(reconciled_at__isnull=True) | Q(reconciled_at__lte=now - EVERY)).order_by("pk"):
        try:
            stored += reconcile(connection, clock=clock)
            api_failures.note_success(connection, ApiFailure.Call.SEARCH)
        except RequestFailed as error:
            logger.warning("connection %s was not searched for missed events: %s", connection, error)
            api_failures.note_failure(connection, ApiFailure.Call.SEARCH, error, now=clock())
            failed += 1
        except Exception as error:
            logger.exception("connection %s was not searched for missed events", connection)
            api_failures.note_failure(connection, ApiFailure.Call.SEARCH, error, now=clock())
            failed += 1
    return stored, failed


def reconcile(connection: Connection, *, clock: Callable[[], datetime]) -> int:
    """Store the events that were missed since the last search. Return their number. Raises RequestFailed."""
    api = get_connector(connection).open_api(connection)
    if api is None:
        return 0
    started = clock()
    since = (connection.reconciled_at or connection.created_at) - OVERLAP
    stored = 0
    with api:
        for changed in api.list_changed(since):
            stored += _store_if_missed(connection, changed, now=clock())
    Connection.objects.filter(pk=connection.pk).update(reconciled_at=started)
    return stored


def _store_if_missed(connection: Connection, changed: ChangedOrder, *, now: datetime) -> bool:
    if changed.delivery and _has_event(connection, changed.delivery):
        return False
    event = StoredEvent(changed.topic, changed.triggered_at, now, changed.content)
    try:
        found = get_connector(connection).read_event(event, connection.options)
    except Ignored:
        return False
    except Rejected:
        pass  # stored, so that it gets into the rejects inbox, once
    else:
        if isinstance(found, OrderParts) and is_known(connection, found):
            return False
    body = json.dumps(changed.content, sort_keys=True, default=str).encode()
    found_as = changed.delivery or f"{changed.order_key} {hashlib.sha256(body).hexdigest()}"
    name = EventName(FOUND_PREFIX + found_as, changed.topic, changed.triggered_at)
    return inbox.store(connection=connection, name=name, body=body, now=now).is_new


def _has_event(connection: Connection, delivery: str) -> bool:
    """Return whether the event was delivered, or found before."""
    return connection.events.filter(delivery__in=[delivery, FOUND_PREFIX + delivery]).exists()
