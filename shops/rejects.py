"""The rejects inbox: rejected rows are resent, unchanged or corrected, or dismissed (specification 4).

What a shop connection sent is not resent as the row: its events, or the state of its order, are processed again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.errors import NotAllowed
from lib.reasons import require_reason
from shops import intake
from shops.intake import BATCH
from shops.models import Connection, Reject, ShopEvent, ShopOrder
from tracking.models import Order
from tracking.orders.incoming import IncomingOrder

SOURCE = "rejects inbox"
# Of the rows of all connections; see `Connection.reject_source`.
SOURCE_OF_CONNECTIONS = Connection.REJECT_SOURCE
PROCESSED_AGAIN = "processed again"
# Of a row in the audit record; the reject keeps the whole row.
MAX_AUDIT_CHARACTERS = 10_000


class RejectedAgain(ValidationError):
    """Intake rejected the row again; `result` has the field and the cause."""

    def __init__(self, result: IncomingOrder) -> None:
        super().__init__(_("The row was rejected again: %(cause)s") % {"cause": result.reason})
        self.result = result


class ResendResult(NamedTuple):
    """The rows that were accepted, those rejected again with their results, and those whose events wait again."""

    accepted: list[Reject]
    rejected: list[tuple[Reject, IncomingOrder]]
    requeued: list[Reject]


@transaction.atomic
def resend(*, reject: Reject, now: datetime, by: User | None) -> IncomingOrder | None:
    """Process an open row again, unchanged; None if it is a connection's, whose events will be processed soon.

    Raises RejectedAgain, and leaves the row open, if it is rejected again. A connection's row that is rejected again
    becomes a new row.
    """
    [reject] = _require_open([reject])
    if _is_of_connection(reject):
        _requeue_row(reject, now=now, by=by)
        return None
    return _resend_row(reject, _rebuild_row(reject), now=now, by=by)


@transaction.atomic
def resend_all(*, rejects: Iterable[Reject], now: datetime, by: User | None) -> ResendResult:
    """Process up to 1,000 rows again, unchanged. Rows rejected again stay open; rows no longer open are skipped."""
    chosen = _lock_open(rejects)
    if len(chosen) > BATCH:
        raise ValidationError(_("Select at most %(most)s rows.") % {"most": f"{BATCH:,}"})
    of_shops, lost = _requeue_rows([row for row in chosen if _is_of_connection(row)], now=now, by=by)
    rows = [row for row in chosen if not _is_of_connection(row)]
    results = intake.ingest_orders(
        snapshots=[_rebuild_row(row) for row in rows], source=SOURCE, now=now, store_rejects=False
    )
    resent = ResendResult([], lost, of_shops)
    for row, result in zip(rows, results, strict=True):
        if result.is_refused:
            resent.rejected.append((row, result))
        else:
            resent.accepted.append(row)
    _mark_resent(resent.accepted, {row.pk: result for row, result in zip(rows, results, strict=True)}, now=now, by=by)
    return resent


@transaction.atomic
def correct(*, reject: Reject, text: str, now: datetime, by: User | None) -> IncomingOrder:
    """Process `text` in place of an open row, which keeps its original content beside the corrected one.

    Raises RejectedAgain, and leaves the row unchanged, if `text` is rejected too.
    """
    [reject] = _require_open([reject])
    if is_event(reject):
        raise NotAllowed(_("This row names an event of a shop, not an order. Resend it to process the event again."))
    row = intake.parse_line(text.encode())
    corrected = intake.serialize_rejected_row(row, intake.build_reader(now))
    result = _resend_row(reject, row, now=now, by=by, corrected="" if corrected == reject.content else corrected)
    if result.snapshot and _is_of_connection(reject):
        # The connection's next snapshot of the order must be newer than the corrected one.
        version = Greatest("version", Value(result.snapshot.updated_at))
        ShopOrder.objects.filter(order_id=result.order_id).update(version=version, digest="")
    return result


@transaction.atomic
def dismiss(*, reject: Reject, reason: str, now: datetime, by: User | None) -> None:
    """Close an open row without storing an order."""
    _mark_dismissed(_require_open([reject]), reason, now=now, by=by)


@transaction.atomic
def dismiss_all(*, rejects: Iterable[Reject], reason: str, now: datetime, by: User | None) -> int:
    """Dismiss the rows that are still open. Return their number."""
    rows = _lock_open(rejects)
    _mark_dismissed(rows, reason, now=now, by=by)
    return len(rows)


@transaction.atomic
def requeue_events(*, events: QuerySet[ShopEvent], reason: str, now: datetime, by: User | None) -> int:
    """Process rejected events again, soon, the oldest first, and close their rows of the inbox.

    Returns their number: at most 1,000, because each has an audit record.
    """
    checked = require_reason(reason)
    refused = events.filter(state=ShopEvent.State.REFUSED).defer("body").select_related("connection", "reject")
    found = list(refused.select_for_update(of=("self",)).order_by("pk")[:BATCH])
    _require_usable({event.connection for event in found})
    before, after = {"state": ShopEvent.State.REFUSED.value}, {"state": ShopEvent.State.WAITING.value}
    trail.record_many(
        trail.build_record(
            action="shop event requeued", subject=event, now=now, by=by, before=before, after=after, reason=checked
        )
        for event in found
    )
    rows = [event.reject for event in found if event.reject is not None]
    _requeue(found, now)
    for row in _lock_open([*rows, *_find_rows_of_orders(found)]):
        _record_decision(row, Reject.State.RESENT, now=now, by=by, note=PROCESSED_AGAIN)
    return len(found)


def is_event(reject: Reject) -> bool:
    """Return whether the row names an event or an order of a connection instead of holding a snapshot."""
    return _is_of_connection(reject) and bool(_read_keys(reject) & {"event", "shop_order"})


def _is_of_connection(reject: Reject) -> bool:
    return reject.source.startswith(SOURCE_OF_CONNECTIONS)


def _read_keys(reject: Reject) -> set[str]:
    row = intake.parse_line(reject.content.encode()).row
    return set(row) if isinstance(row, dict) else set()


def _requeue_rows(
    rejects: Sequence[Reject], *, now: datetime, by: User | None
) -> tuple[list[Reject], list[tuple[Reject, IncomingOrder]]]:
    """Return the rows that are processed again, and those that can't be, with the cause."""
    done: list[Reject] = []
    lost: list[tuple[Reject, IncomingOrder]] = []
    for reject in rejects:
        try:
            _requeue_row(reject, now=now, by=by)
        except NotAllowed as error:
            lost.append((reject, IncomingOrder(None, order_id=reject.order_id).refuse("", str(error))))
        else:
            done.append(reject)
    return done, lost


def _requeue_row(reject: Reject, *, now: datetime, by: User | None) -> None:
    """Have the events, or the order, that the row is about processed again, and close the row. Raises NotAllowed."""
    connection = Connection.objects.filter(name=reject.source.removeprefix(SOURCE_OF_CONNECTIONS)).first()
    events = ShopEvent.objects.filter(reject=reject, state=ShopEvent.State.REFUSED).defer("body")
    found = list(events.select_for_update(of=("self",)))
    orders = ShopOrder.objects.filter(connection=connection, order_id=reject.order_id)
    if connection is None or not (found or orders.exists()):
        raise NotAllowed(_("The event was deleted, as all events are after 30 days. Have the shop send it again."))
    _require_usable({connection})
    _requeue(found, now)
    if not found:
        orders.update(due_at=now)
    _record_decision(reject, Reject.State.RESENT, now=now, by=by, note=PROCESSED_AGAIN)


def _requeue(events: Sequence[ShopEvent], now: datetime) -> None:
    ShopEvent.objects.filter(pk__in=[event.pk for event in events]).update(
        state=ShopEvent.State.WAITING, outcome="", field="", cause="", attempts=0, next_attempt_at=now, reject=None
    )


def _require_usable(connections: Iterable[Connection]) -> None:
    if any(connection.state == Connection.State.DELETED for connection in connections):
        raise NotAllowed(_("The shop connection was deleted, so its events are no longer processed."))


def _find_rows_of_orders(events: Sequence[ShopEvent]) -> list[Reject]:
    """Return the open rows of the orders that the events are about."""
    rows: list[Reject] = []
    for connection in {event.connection for event in events}:
        keys = {event.order_key for event in events if event.connection == connection and event.order_key}
        order_ids = ShopOrder.objects.filter(connection=connection, order_key__in=keys).values("order_id")
        rows += Reject.objects.filter(source=connection.reject_source, order_id__in=order_ids, state=Reject.State.OPEN)
    return rows


def _rebuild_row(reject: Reject) -> IncomingOrder:
    # A row that was PUT to the URL of another order is still rejected for that.
    incoming = intake.parse_line(reject.content.encode())
    if reject.address and isinstance(incoming.row, dict) and incoming.row.get("order_id") != reject.address:
        incoming.address = reject.address
        incoming.refuse(reject.field, reject.cause)
    return incoming


def _resend_row(reject: Reject, row: object, *, now: datetime, by: User | None, corrected: str = "") -> IncomingOrder:
    [result] = intake.ingest_orders(snapshots=[row], source=SOURCE, now=now, store_rejects=False)
    if result.is_refused:
        raise RejectedAgain(result)
    _mark_resent([reject], {reject.pk: result}, now=now, by=by, corrected=corrected)
    return result


def _lock_open(rejects: Iterable[Reject]) -> list[Reject]:
    """Return the open rows, oldest first, locked until the transaction ends."""
    pks = [reject.pk for reject in rejects]
    return list(
        Reject.objects.select_for_update(of=("self",)).filter(pk__in=pks, state=Reject.State.OPEN).order_by("pk")
    )


def _require_open(rejects: Sequence[Reject]) -> list[Reject]:
    rows = _lock_open(rejects)
    if len(rows) != len(rejects):
        raise NotAllowed(_("This row has already been resent or dismissed."))
    return rows


def _mark_resent(
    rejects: Sequence[Reject],
    results: dict[object, IncomingOrder],
    *,
    now: datetime,
    by: User | None,
    corrected: str = "",
) -> None:
    ids = dict(
        Order.objects.filter(order_id__in=[str(results[row.pk].order_id) for row in rejects]).values_list(
            "order_id", "pk"
        )
    )
    for reject in rejects:
        result = results[reject.pk]
        values = {"accepted_order": ids[str(result.order_id)], "corrected_content": corrected}
        note = f"{result.outcome}, corrected" if corrected else result.outcome
        _record_decision(reject, Reject.State.RESENT, now=now, by=by, note=note, **values)


def _mark_dismissed(rejects: Sequence[Reject], reason: str, *, now: datetime, by: User | None) -> None:
    note = require_reason(reason)
    for reject in rejects:
        _record_decision(reject, Reject.State.DISMISSED, now=now, by=by, note=note)


def _record_decision(
    reject: Reject, state: Reject.State, *, now: datetime, by: User | None, note: str, **values: object
) -> None:
    Reject.objects.filter(pk=reject.pk).update(state=state, decided_at=now, decided_by=by, note=note, **values)
    original = {"content": reject.content[:MAX_AUDIT_CHARACTERS]} if values.get("corrected_content") else {}
    corrected = {"content": str(values["corrected_content"])[:MAX_AUDIT_CHARACTERS]} if original else {}
    trail.record(
        action=f"reject {state.value}",
        subject=reject,
        now=now,
        by=by,
        before={"state": Reject.State.OPEN.value} | original,
        after={"state": state.value} | corrected,
        reason=note,
    )
