"""Forfeiture of commissions by a decided review (specification 5 and 8).

The amount becomes 0.00, and the next close posts the difference.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit import trail
from payouts.commissions.writer import reprice
from payouts.ledger import booking
from payouts.models import Commission

UNDO_REASON = "The forfeiture was undone."


@transaction.atomic
def forfeit(*, commissions: Iterable[Commission], reason: str, now: datetime, by: User | None) -> int:
    """Set the commissions to 0.00 and return how many were not forfeited before. `reason` names the clause."""
    booking.lock_shared()
    kept = Commission.objects.filter(pk__in=[c.pk for c in commissions], forfeited_at=None).select_for_update()
    rows = list(kept.order_by("pk"))
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
    """Undo a forfeiture: reprice the commissions from their orders' newest snapshots. Return how many there were."""
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
