"""The rejects inbox: rejected rows are resent, unchanged or corrected, or dismissed (specification 4)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.errors import NotAllowed
from lib.reasons import require_reason
from shops import intake
from shops.intake import BATCH
from shops.models import Reject
from tracking.models import Order
from tracking.orders.incoming import IncomingOrder

SOURCE = "rejects inbox"
# Of a row in the audit record; the reject keeps the whole row.
MAX_AUDIT_CHARACTERS = 10_000


class RejectedAgain(ValidationError):
    """Intake rejected the row again; `result` has the field and the cause."""

    def __init__(self, result: IncomingOrder) -> None:
        super().__init__(_("The row was rejected again: %(cause)s") % {"cause": result.reason})
        self.result = result


class ResendResult(NamedTuple):
    """The rows that were accepted, and those that were rejected again, with their results."""

    accepted: list[Reject]
    rejected: list[tuple[Reject, IncomingOrder]]


@transaction.atomic
def resend(*, reject: Reject, now: datetime, by: User | None) -> IncomingOrder:
    """Process an open row again, unchanged.

    Raises RejectedAgain, and leaves the row open, if it is rejected again.
    """
    [reject] = _require_open([reject])
    return _resend_row(reject, _rebuild_row(reject), now=now, by=by)


@transaction.atomic
def resend_all(*, rejects: Iterable[Reject], now: datetime, by: User | None) -> ResendResult:
    """Process up to 1,000 rows again, unchanged. Rows rejected again stay open; rows no longer open are skipped."""
    rows = _lock_open(rejects)
    if len(rows) > BATCH:
        raise ValidationError(_("Select at most %(most)s rows.") % {"most": f"{BATCH:,}"})
    results = intake.ingest_orders(
        snapshots=[_rebuild_row(row) for row in rows], source=SOURCE, now=now, store_rejects=False
    )
    resent = ResendResult([], [])
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
    row = intake.parse_line(text.encode())
    corrected = intake.serialize_rejected_row(row, intake.build_reader(now))
    return _resend_row(reject, row, now=now, by=by, corrected="" if corrected == reject.content else corrected)


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
