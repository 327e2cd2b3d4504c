"""The checklist of a connection, and connections that have gone silent (specification 11)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection as database
from django.db.models import OuterRef, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shops.connectors import milestones
from shops.connectors.inbox import KEEP
from shops.models import Connection, ShopEvent

# A connection is silent after this many times its longest gap, and never before `MIN_SILENCE`.
GAP_FACTOR = 3
MIN_SILENCE = timedelta(days=1)


class Step(NamedTuple):
    """A step of the checklist: when it was reached first, or what to do to reach it."""

    label: str | Promise
    reached_at: datetime | None
    advice: str | Promise


_STEPS: dict[str, tuple[str | Promise, str | Promise]] = {
    "event": (
        _("First signed event"),
        _("Save the webhook in the shop with the address and the secret of this connection, then place an order."),
    ),
    "order": (
        _("First order"),
        _("Pay for an order in the shop. Test orders and unpaid orders are ignored; the events below say why."),
    ),
    "attributed": (
        _("First order with a click id or coupon"),
        _("Follow a tracking link to the shop and buy, or use an affiliate's coupon code."),
    ),
    "completed": (
        _("First completed order"),
        _("Complete or fulfill an order in the shop; the settings of this connection say what counts as completed."),
    ),
    "refund": (
        _("First refund"),
        _("Refund a line of an order in the shop, or cancel an order."),
    ),
}


def list_steps(connection: Connection) -> list[Step]:
    """Return the steps of the checklist, in their order."""
    return [
        Step(label, _parse(connection.milestones.get(name)), advice)
        for name, (label, advice) in ((name, _STEPS[name]) for name in milestones.NAMES)
    ]


def _parse(at: str | None) -> datetime | None:
    return datetime.fromisoformat(at) if at else None


class LastEvent(NamedTuple):
    """A connection and its last event, or None if it has none or all are older than is kept."""

    connection: Connection
    last_event_at: datetime | None


def list_last_events() -> dict[UUID, LastEvent]:
    """Return the active connections by their ids, with the time of the last event of each."""
    events = ShopEvent.objects.filter(connection=OuterRef("pk")).order_by("-received_at")
    active = Connection.objects.filter(state=Connection.State.ACTIVE)
    last = Subquery(events.values("received_at")[:1])
    return {one.pk: LastEvent(one, one.last) for one in active.annotate(last=last)}


def list_silent(*, now: datetime) -> list[LastEvent]:
    """Return the active connections without an event for three times their longest gap, at least a day.

    Of a connection with less than two events in the last 30 days no rhythm is known: it is silent after 30 days.
    """
    last = {pk: one for pk, one in list_last_events().items() if "event" in one.connection.milestones}
    quiet = [pk for pk, (_one, at) in last.items() if at is None or now - at > MIN_SILENCE]
    gaps = _find_longest_gaps(quiet, since=now - KEEP) if quiet else {}
    silent = []
    for pk in quiet:
        one, at = last[pk]
        allowed = min(max(gaps.get(pk) or KEEP, MIN_SILENCE / GAP_FACTOR) * GAP_FACTOR, KEEP)
        if at is None or now - at > allowed:
            silent.append(LastEvent(one, at))
    return silent


def _find_longest_gaps(connections: Sequence[UUID], since: datetime) -> dict[UUID, timedelta | None]:
    with database.cursor() as cursor:
        cursor.execute(
            """
            SELECT connection_id, max(gap)
              FROM (SELECT connection_id,
                           received_at - lag(received_at) OVER (PARTITION BY connection_id ORDER BY received_at) AS gap
                      FROM shops_shopevent WHERE connection_id = ANY(%s) AND received_at >= %s) each_event
             GROUP BY connection_id
            """,
            [list(connections), since],
        )
        return dict(cursor.fetchall())
