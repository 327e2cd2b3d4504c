"""Target pauses that staff declare for all affiliates (specification 8, clause 7.3)."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from compliance.models import TargetPause
from lib.reasons import require_reason


@transaction.atomic
def declare_pause(*, starts_on: date, ends_on: date, reason: str, now: datetime, by: User | None) -> TargetPause:
    """Pause all targets from `starts_on` to `ends_on`, both included, in the program's time zone.

    Target periods that contain these days are extended by them. Past results do not change.
    """
    reason = require_reason(reason)
    if ends_on < starts_on:
        raise ValidationError({"ends_on": _("The last day must not be before the first day.")})
    pause = TargetPause.objects.create(
        starts_on=starts_on, ends_on=ends_on, reason=reason, declared_at=now, declared_by=by
    )
    trail.record(
        action="target pause declared",
        subject=pause,
        now=now,
        by=by,
        after={"starts_on": starts_on, "ends_on": ends_on},
        reason=reason,
    )
    return pause
