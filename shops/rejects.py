"""The rejects inbox: rows that were refused are sent again, as they stand or corrected, or put away (CONTRACT 4)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from audit import trail
from shops import intake
from shops.intake import BATCH
from shops.models import Reject
from tracking.models import Order
from tracking.orders.incoming import IncomingOrder

SOURCE = "rejects inbox"
# So much of a payload goes into the audit record; the row keeps the whole.
MAX_AUDIT_CHARACTERS = 10_000


class RejectedAgain(ValidationError):
    """A row that intake refuses once more: by which field, and why."""

    def __init__(self, result: IncomingOrder) -> None:
        super().__init__(_("It is refused again: %(cause)s") % {"cause": result.reason})
        self.result = result


class ResendResult(NamedTuple):
    """What came of sending several rows again: those that were taken, and those that stay, with their refusals."""

    accepted: list[Reject]
    rejected: list[tuple[Reject, IncomingOrder]]


@transaction.atomic
def resend(*, reject: Reject, now: datetime, by: User | None) -> IncomingOrder:
    """Send a row of the inbox again, as it stands; it is done with only if it is taken this time."""
    [reject] = _require_open([reject])
    return _resend_row(reject, _rebuild_row(reject), now=now, by=by)


@transaction.atomic
def resend_all(*, rejects: Iterable[Reject], now: datetime, by: User | None) -> ResendResult:
    """Send up to 1,000 open rows again, as they stand; those that are refused again stay, those no longer open are left."""
    rows = _lock_open(rejects)
    if len(rows) > BATCH:
        raise ValidationError(_("Send at most %(most)s rows again at once.") % {"most": f"{BATCH:,}"})
    results = intake.ingest_orders(
        snapshots=[_rebuild_row(row) for row in rows], source=SOURCE, now=now, store_rejects=False
    )
    found = ResendResult([], [])
    for row, result in zip(rows, results, strict=True):
        if result.is_refused:
            found.rejected.append((row, result))
        else:
            found.accepted.append(row)
    _mark_resent(found.accepted, {row.pk: result for row, result in zip(rows, results, strict=True)}, now=now, by=by)
    return found


@transaction.atomic
def correct(*, reject: Reject, text: str, now: datetime, by: User | None) -> IncomingOrder:
    """Send `text` in the stead of a row of the inbox, which keeps what came beside what was taken.

    Raises RefusedAgain, and leaves the row as it was, where `text` is refused, too.
    """
    [reject] = _require_open([reject])
    row = intake.parse_line(text.encode())
    corrected = intake.serialize_rejected_row(row, intake.build_reader(now))
    return _resend_row(reject, row, now=now, by=by, corrected="" if corrected == reject.content else corrected)


@transaction.atomic
def dismiss(*, reject: Reject, reason: str, now: datetime, by: User | None) -> None:
    """Put a row of the inbox away, with the reason."""
    _mark_dismissed(_require_open([reject]), reason, now=now, by=by)


@transaction.atomic
def dismiss_all(*, rejects: Iterable[Reject], reason: str, now: datetime, by: User | None) -> int:
    """Put several rows away for one reason; those that are no longer open are left. Returns how many were put away."""
    rows = _lock_open(rejects)
    _mark_dismissed(rows, reason, now=now, by=by)
    return len(rows)


def _rebuild_row(reject: Reject) -> IncomingOrder:
    """Return the row as it was sent; one that was sent to another order's address is refused for that again."""
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
    """Those that are open, oldest first, locked until the transaction ends."""
    pks = [reject.pk for reject in rejects]
    return list(
        Reject.objects.select_for_update(of=("self",)).filter(pk__in=pks, state=Reject.State.OPEN).order_by("pk")
    )


def _require_open(rejects: Sequence[Reject]) -> list[Reject]:
    found = _lock_open(rejects)
    if len(found) != len(rejects):
        raise IllegalTransition("Somebody else has dealt with this row in the meantime.")
    return found


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
        taken = {"accepted_order": ids[str(result.order_id)], "corrected_content": corrected}
        note = f"{result.outcome}, corrected" if corrected else result.outcome
        _record_decision(reject, Reject.State.RESENT, now=now, by=by, note=note, **taken)


def _mark_dismissed(rejects: Sequence[Reject], reason: str, *, now: datetime, by: User | None) -> None:
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    for reject in rejects:
        _record_decision(reject, Reject.State.DISMISSED, now=now, by=by, note=reason.strip())


def _record_decision(
    reject: Reject, state: Reject.State, *, now: datetime, by: User | None, note: str, **values: object
) -> None:
    Reject.objects.filter(pk=reject.pk).update(state=state, decided_at=now, decided_by=by, note=note, **values)
    shown = {"content": reject.content[:MAX_AUDIT_CHARACTERS]} if values.get("corrected_content") else {}
    became = {"content": str(values["corrected_content"])[:MAX_AUDIT_CHARACTERS]} if shown else {}
    trail.record(
        action=f"reject {state.value}",
        subject=reject,
        now=now,
        by=by,
        before={"state": Reject.State.OPEN.value} | shown,
        after={"state": state.value} | became,
        reason=note,
    )
