"""Forfeiting commissions by a decided review (CONTRACT 5 and 8): the amount becomes 0.00, the next close posts the rest."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit import trail
from payouts.commissions.repricing import reprice
from payouts.ledger import booking
from payouts.models import Commission

UNDO_REASON = "The forfeiture was undone."


@transaction.atomic
def forfeit(*, commissions: Iterable[Commission], reason: str, now: datetime, by: User | None) -> int:
    """Make the commissions 0.00 for good; returns how many there were that were not so yet. `reason` names the clause."""
    booking.lock_shared()
    wanted = Commission.objects.filter(pk__in=[c.pk for c in commissions], forfeited_at=None).select_for_update()
    rows = list(wanted.order_by("pk"))
    for commission in rows:
        trail.record(
            action="commission forfeited",
            subject=commission,
            now=now,
            by=by,
            before={"amount": commission.amount},
            after={"amount": "0.00"},
            reason=reason,
        )
    Commission.objects.filter(pk__in=[row.pk for row in rows]).update(
        amount=0, forfeited_at=now, forfeit_reason=reason[:200]
    )
    return len(rows)


@transaction.atomic
def restore(*, commissions: Iterable[Commission], now: datetime, by: User | None, reason: str = "") -> int:
    """Undo a forfeiture: the commissions are what their orders' newest snapshots make them."""
    booking.lock_shared()
    rows = list(
        Commission.objects.filter(pk__in=[c.pk for c in commissions])
        .exclude(forfeited_at=None)
        .select_for_update()
        .order_by("pk")
    )
    Commission.objects.filter(pk__in=[row.pk for row in rows]).update(forfeited_at=None, forfeit_reason="")
    for row in rows:
        trail.record(action="commission restored", subject=row, now=now, by=by, reason=reason or UNDO_REASON)
    reprice({row.order_id for row in rows}, now=now)
    return len(rows)
