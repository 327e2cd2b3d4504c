"""Affiliates who decline a version leave when it takes effect (specification 2, clauses 9.5 and 10.1)."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate, State
from agreements import declines
from agreements.models import AgreementVersion, Decline
from compliance.offboarding import termination
from payouts.ledger import booking


@transaction.atomic
def decline_version(*, affiliate: Affiliate, agreement: AgreementVersion, now: datetime, by: User | None) -> Decline:
    """Decline `agreement` with effect on its effective date; at once if the version is in effect already.

    Raises AlreadyAccepted or Rejected if the affiliate is not asked to accept this version or has declined it.
    """
    booking.lock_shared()
    decline = declines.record_decline(affiliate=affiliate, agreement=agreement, now=now, by=by)
    if decline.takes_effect_at <= now:
        apply_decline(decline.pk, now)
    return decline


def apply_decline(pk: Any, now: datetime) -> bool:
    """Let a due decline take effect: the affiliate leaves from the version's effective date, whenever this runs.

    It lapses if the affiliate is already leaving or gone. Return whether the affiliate leaves.
    """
    booking.lock_shared()
    decline = Decline.objects.select_related("agreement").get(pk=pk)
    affiliate = (
        Affiliate.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user")
        .get(pk=decline.affiliate_id)
    )
    leaves = affiliate.state in termination.STATES_THAT_CAN_LEAVE
    to = Decline.State.IN_EFFECT if leaves else Decline.State.LAPSED
    reason = _("declined version %s") % decline.agreement.name
    if decline.takes_effect_at > now or not declines.end_decline(decline, to=to, now=now, by=None, reason=reason):
        return False
    if leaves:
        termination.start_leaving(
            affiliate=affiliate, at=decline.takes_effect_at, now=now, by=None, reason=reason, declined=decline.agreement
        )
    return leaves


def get_leaving_end(affiliate: Affiliate, version: AgreementVersion, *, now: datetime) -> datetime | None:
    """Return when the agreement of an affiliate who declines `version` now ends, by their applicable version.

    None for an approved affiliate, who never took part and has no notice period.
    """
    if affiliate.state == State.APPROVED:
        return None
    takes_effect_at = max(now, version.effective_at or now)
    return termination.compute_leaving_end(affiliate, takes_effect_at, now)
