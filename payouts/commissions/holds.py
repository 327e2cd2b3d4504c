"""Holds on commissions and payouts. The app that places a hold gives its reason; payouts does not interpret it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.models import Affiliate
from audit import trail
from lib.errors import NotAllowed
from lib.reasons import require_reason
from payouts.ledger import booking
from payouts.models import Commission, CommissionHold, PayoutHold


@transaction.atomic
def hold_commissions(
    *, commissions: Iterable[Commission], source: str, reason: str, now: datetime, by: User | None
) -> list[CommissionHold]:
    """Place a hold of `source` on the commissions that it does not hold yet. Return the new holds."""
    booking.lock_shared()
    rows = list(commissions)
    held = set(
        CommissionHold.objects.filter(source=source, released_at=None, commission__in=rows).values_list(
            "commission_id", flat=True
        )
    )
    return CommissionHold.objects.bulk_create(
        CommissionHold(commission=commission, source=source, reason=reason, placed_at=now, placed_by=by)
        for commission in rows
        if commission.pk not in held
    )


@transaction.atomic
def release_holds(
    *, source: str, commissions: Iterable[Commission] | None = None, now: datetime, by: User | None
) -> int:
    """Release the holds of `source` on `commissions`, or on all commissions and on payouts. Return how many there were."""
    booking.lock_shared()
    rows = CommissionHold.objects.filter(source=source, released_at=None)
    if commissions is not None:
        return rows.filter(commission__in=list(commissions)).update(released_at=now, released_by=by)
    released = rows.update(released_at=now, released_by=by)
    return released + PayoutHold.objects.filter(source=source, released_at=None).update(released_at=now, released_by=by)


@transaction.atomic
def hold_payouts(*, affiliate: Affiliate, source: str, reason: str, now: datetime, by: User | None) -> PayoutHold:
    """Place a hold of `source` on all payouts of the affiliate, who sees the reason; an existing one is kept.

    Raises ValidationError for an empty reason.
    """
    booking.lock_shared()
    reason = require_reason(reason)
    hold, created = PayoutHold.objects.get_or_create(
        affiliate=affiliate,
        source=source,
        released_at=None,
        defaults={"reason": reason, "placed_at": now, "placed_by": by},
    )
    if created:
        trail.record(action="payouts held", subject=affiliate, now=now, by=by, after={"source": source}, reason=reason)
    return hold


def may_release_after_email_change(user: Any) -> bool:
    """Return whether `user` may release the holds that follow a change of the e-mail address: finance alone."""
    return bool(user.has_perm("payouts.view_payoutbatch"))


@transaction.atomic
def release_payouts(*, affiliate: Affiliate, source: str, now: datetime, by: User | None, reason: str = "") -> bool:
    """Release the hold of `source` on the affiliate's payouts. Return False if there was none.

    Raises NotAllowed if it follows a change of the e-mail address and `by` is not in finance (specification 6).
    """
    require_uninvolved(by, [affiliate])
    booking.lock_shared()
    holds = PayoutHold.objects.filter(affiliate=affiliate, source=source, released_at=None)
    if by and not may_release_after_email_change(by) and holds.exclude(ends_at=None).exists():
        raise NotAllowed(_("Payouts that wait after a change of the e-mail address are released by the payout groups."))
    released = holds.update(released_at=now, released_by=by)
    if released:
        trail.record(
            action="payouts released",
            subject=affiliate,
            now=now,
            by=by,
            before={"source": source},
            reason=reason or f"The cause of the hold has ended: {source}.",
        )
    return bool(released)
