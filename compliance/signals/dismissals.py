"""Dismissal of signals by staff (specification 8)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from audit import trail
from compliance.models import Signal
from lib.reasons import require_reason


@transaction.atomic
def dismiss_signal(*, signal: Signal, reason: str, now: datetime, by: User) -> None:
    """Dismiss an open signal with a reason; raise IllegalTransition if it was already reviewed or dismissed."""
    require_uninvolved(by, [signal.affiliate] if signal.affiliate else [])
    reason = require_reason(reason)
    dismissed = Signal.objects.filter(pk=signal.pk, state=Signal.State.OPEN).update(
        state=Signal.State.DISMISSED, decided_at=now, decided_by=by, note=reason
    )
    if not dismissed:
        raise IllegalTransition(_("This signal has already been reviewed or dismissed."))
    trail.record(
        action="signal dismissed",
        subject=signal,
        now=now,
        by=by,
        before={"state": Signal.State.OPEN.value},
        after={"state": Signal.State.DISMISSED.value},
        reason=reason,
    )
