"""Attribution of an affiliate's orders again, with their commissions (specification 8)."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from affiliates.models import Affiliate
from audit import trail
from payouts.commissions.writer import find_settled_orders, write_commissions
from payouts.ledger import booking
from tracking.orders import reattribution

BATCH = 1_000


@transaction.atomic
def reattribute_orders(*, affiliate: Affiliate, since: datetime, now: datetime, by: User | None, reason: str) -> int:
    """Attribute the orders from `since` on that `affiliate`'s status history decides, as if they came in now.

    Orders of which a close has settled a line stay as they are. Returns the number of orders that changed.
    """
    booking.lock_shared()
    affected = reattribution.find_affected_orders(affiliate, since=since)
    count = 0
    for start in range(0, len(affected), BATCH):
        moving = reattribution.lock_and_attribute(affected[start : start + BATCH])
        settled = find_settled_orders(state.pk for state in moving)
        changed = reattribution.store_attributions(moving, settled=settled)
        write_commissions(changed, now=now)
        count += len(changed)
    if count:
        trail.record(
            action="orders attributed again",
            subject=affiliate,
            now=now,
            by=by,
            after={"orders": count, "since": since},
            reason=reason,
        )
    return count
