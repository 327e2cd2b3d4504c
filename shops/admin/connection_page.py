"""What the page of a shop connection shows: its webhook address, checklist, figures and last events."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from lib.admin.pages import build_changelist_url
from shops.connectors import api_failures, checklist, signature_failures
from shops.connectors.setup_guides import get_guide
from shops.models import Connection, Reject, ShopEvent, ShopOrder, ShopOrderLine
from tracking.models import Order

MAX_EVENTS = 50
MAX_COUNTED = 10_000
State = ShopEvent.State


class EventRow(NamedTuple):
    """An event with the order that it became a part of, if there is one."""

    event: ShopEvent
    order: Order | None
    is_refused: bool


class StateFilter(NamedTuple):
    """A link that shows the events of one state, or of all with ""."""

    label: str
    address: str
    is_current: bool


def build_webhook_url(connection: Connection) -> str:
    """Return the address that is entered in the shop."""
    return settings.BASE_URL + reverse("hook", args=[connection.pk])


def build_context(connection: Connection, state: str) -> dict[str, Any]:
    """Return the context of the page, with the events of `state`, or of all with ""."""
    chosen = state if state in State.values else ""
    events = connection.events.filter(state=chosen) if chosen else connection.events.all()
    rejects = Reject.objects.filter(source=connection.reject_source, state=Reject.State.OPEN)
    orders = ShopOrder.objects.filter(connection=connection)
    unmapped = ShopOrderLine.objects.filter(shop_order=OuterRef("pk"), mapped_by="")
    return {
        "connection": connection,
        "webhook_url": build_webhook_url(connection),
        "guide": get_guide(connection.platform),
        "troubles": api_failures.list_troubles(connection),
        "signature_failure": signature_failures.find_failure(connection),
        "steps": checklist.list_steps(connection),
        "events": _list_events(connection, list(events.defer("body").select_related("reject")[:MAX_EVENTS])),
        "filters": _build_filters(connection, chosen),
        "max_events": MAX_EVENTS,
        "refused": connection.events.filter(state=State.REFUSED).count(),
        "waiting": connection.events.filter(state=State.WAITING).count(),
        "open_rejects": rejects.count(),
        "rejects_url": build_changelist_url(Reject, urlencode({"connection": connection.name, "state__exact": "open"})),
        "orders": orders.filter(version__isnull=False).count(),
        "approximate": _count(orders.exclude(notes=[])),
        "unmapped_orders": _count(orders.filter(Exists(unmapped))),
        "is_deleted": connection.state == Connection.State.DELETED,
    }


def _count(orders: QuerySet[ShopOrder]) -> str:
    """Return the number of orders, of which no more than `MAX_COUNTED` are read; "" for none."""
    number = orders.order_by()[: MAX_COUNTED + 1].count()
    return f"{MAX_COUNTED}+" if number > MAX_COUNTED else str(number or "")


def _list_events(connection: Connection, events: Sequence[ShopEvent]) -> list[EventRow]:
    ids = {event.order_key: f"{connection.prefix}-{event.order_key}" for event in events if event.order_key}
    orders = {order.order_id: order for order in Order.objects.filter(order_id__in=ids.values())}
    return [EventRow(event, orders.get(ids.get(event.order_key, "")), event.state == State.REFUSED) for event in events]


def _build_filters(connection: Connection, chosen: str) -> list[StateFilter]:
    page = reverse("admin:shops_connection_change", args=[connection.pk])
    labels = {"": "", **dict(State.choices)}
    return [
        StateFilter(str(label), f"{page}?state={state}#events" if state else f"{page}#events", state == chosen)
        for state, label in labels.items()
    ]
