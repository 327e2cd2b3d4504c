"""The active connections with what tells whether they work, read together."""

from typing import Any

from django.db.models import Min, OuterRef, QuerySet, Subquery

from lib.request_values import read_once
from shops.models import Connection, ShopEvent


@read_once
def list_active_connections() -> list[Any]:
    """Return the active connections with `last_event_at` and `failing_since`.

    None for no event or for those that are no longer kept, and for an API that works.
    """
    events = ShopEvent.objects.filter(connection=OuterRef("pk")).order_by("-received_at")
    active: QuerySet[Any] = Connection.objects.filter(state=Connection.State.ACTIVE)
    return list(
        active.annotate(
            last_event_at=Subquery(events.values("received_at")[:1]), failing_since=Min("api_failures__since")
        )
    )
