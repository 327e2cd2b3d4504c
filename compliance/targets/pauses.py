"""Pauses that staff declare for all targets (CONTRACT 8, clause 7.3)."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from compliance import timeline
from compliance.models import TargetPause


@transaction.atomic
def declare_pause(*, starts_on: date, ends_on: date, reason: str, now: datetime, by: User | None) -> TargetPause:
    """Declare that the days from `starts_on` to `ends_on`, both included and in the program's time zone, count for nobody's
    target: every window that they lie in grows by them. Answers that were given stay as they are."""
    why = timeline.require_text(reason, "reason")
    if ends_on < starts_on:
        raise ValidationError({"ends_on": _("The last day is before the first.")})
    pause = TargetPause.objects.create(
        starts_on=starts_on, ends_on=ends_on, reason=why, declared_at=now, declared_by=by
    )
    trail.record(
        action="target pause declared",
        subject=pause,
        now=now,
        by=by,
        after={"starts_on": starts_on, "ends_on": ends_on},
        reason=why,
    )
    return pause
