"""Holds: money that may not be paid while something is looked into. Payouts does not know why; rooms above say it."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate
from audit import trail
from payouts.ledger import booking
from payouts.models import Commission, CommissionHold, PayoutHold


@transaction.atomic
def hold_commissions(
    *, commissions: Iterable[Commission], source: str, reason: str, now: datetime, by: User | None
) -> list[CommissionHold]:
    """Hold the commissions for `source`; one that it holds already stays as it is."""
    booking.lock_shared()
    wanted = list(commissions)
    held = set(
        CommissionHold.objects.filter(source=source, released_at=None, commission__in=wanted).values_list(
            "commission_id", flat=True
        )
    )
    return CommissionHold.objects.bulk_create(
        CommissionHold(commission=commission, source=source, reason=reason, placed_at=now, placed_by=by)
        for commission in wanted
        if commission.pk not in held
    )


@transaction.atomic
def release_holds(*, source: str, now: datetime, by: User | None) -> int:
    """Release whatever `source` still holds, commissions and payouts alike; returns how many holds it ended."""
    booking.lock_shared()
    ended = CommissionHold.objects.filter(source=source, released_at=None).update(released_at=now, released_by=by)
    return ended + PayoutHold.objects.filter(source=source, released_at=None).update(released_at=now, released_by=by)


@transaction.atomic
def hold_payouts(*, affiliate: Affiliate, source: str, reason: str, now: datetime, by: User | None) -> PayoutHold:
    """Pay nothing to the affiliate while this hold stands; the reason is theirs to read."""
    booking.lock_shared()
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    hold, made = PayoutHold.objects.get_or_create(
        affiliate=affiliate,
        source=source,
        released_at=None,
        defaults={"reason": reason, "placed_at": now, "placed_by": by},
    )
    if made:
        trail.record(action="payouts held", subject=affiliate, now=now, by=by, after={"source": source}, reason=reason)
    return hold


@transaction.atomic
def release_payouts(*, affiliate: Affiliate, source: str, now: datetime, by: User | None, reason: str = "") -> bool:
    """End the hold of `source` on the affiliate's payouts; False where there was none."""
    booking.lock_shared()
    holds = PayoutHold.objects.filter(affiliate=affiliate, source=source, released_at=None)
    ended = holds.update(released_at=now, released_by=by)
    if ended:
        trail.record(
            action="payouts released",
            subject=affiliate,
            now=now,
            by=by,
            before={"source": source},
            reason=reason or f"What held them is over: {source}.",
        )
    return bool(ended)
