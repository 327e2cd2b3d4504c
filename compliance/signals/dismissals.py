"""What staff make of a signal besides opening a review (CONTRACT 8)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from audit import trail
from compliance import timeline
from compliance.models import Signal


@transaction.atomic
def dismiss_signal(*, signal: Signal, reason: str, now: datetime, by: User) -> None:
    """Put an open signal aside with a reason; refuses one that somebody has dealt with."""
    why = timeline.require_text(reason, "reason")
    dismissed = Signal.objects.filter(pk=signal.pk, state=Signal.State.OPEN).update(
        state=Signal.State.DISMISSED, decided_at=now, decided_by=by, note=why
    )
    if not dismissed:
        raise IllegalTransition(_("Somebody else has dealt with this signal in the meantime."))
    trail.record(
        action="signal dismissed",
        subject=signal,
        now=now,
        by=by,
        before={"state": Signal.State.OPEN.value},
        after={"state": Signal.State.DISMISSED.value},
        reason=why,
    )
