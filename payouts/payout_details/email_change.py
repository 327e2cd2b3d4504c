"""The hold on payouts after a change of the e-mail address (specification 6)."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from audit import trail
from lib.ids import uuid7
from payouts.ledger import booking
from payouts.models import PayoutHold
from payouts.payout_details.details import get_hold_days

REASON = "The e-mail address of the account was changed."


@transaction.atomic
def hold_after_email_change(*, affiliate: Affiliate, now: datetime, by: User | None) -> PayoutHold | None:
    """Hold the affiliate's payouts for `payout_details_hold_days` of their version, and return the hold.

    A thief of an account could otherwise confirm new payout details with it. Return None if the version has no hold.
    Each change has a hold of its own; payouts start again when the last is over.
    """
    booking.lock_shared()
    days = get_hold_days(get_applicable_version(affiliate.pk, at=now)[0], now)
    if not days:
        return None
    ends_at = now + timedelta(days=days)
    hold = PayoutHold.objects.create(
        affiliate=affiliate,
        source=f"email-change:{uuid7().hex}",
        reason=REASON,
        placed_at=now,
        placed_by=by,
        ends_at=ends_at,
    )
    after = {"source": hold.source, "ends": ends_at.isoformat()}
    trail.record(action="payouts held", subject=affiliate, now=now, by=by, after=after, reason=REASON)
    return hold
