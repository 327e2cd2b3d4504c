"""Target pauses that staff declare for all affiliates (specification 8, clause 7.3)."""

from datetime import date, datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from compliance.models import TargetNotice, TargetPause
from compliance.targets.target_evaluation import evaluate_targets, get_program_day, list_active_affiliates
from lib.reasons import require_reason


class PauseEffect(NamedTuple):
    """How many affiliates have a target period that a pause extends, and the missed-target notices that run."""

    extended: int
    notices: list[TargetNotice]


def preview_pause(*, starts_on: date, ends_on: date, now: datetime) -> PauseEffect:
    """Return what a pause of these days would change.

    Target periods are extended. Missed-target notices keep their dates: on them, the target is counted again with
    the longer period.
    """
    evaluations = evaluate_targets(list_active_affiliates(), now=now)
    today = get_program_day(now)
    first_days = [one.window.since.date() for one in evaluations]
    # A pause to come is within a period that ends after it; periods run on until their target is checked.
    extended = sum(ends_on >= day for day in first_days) if starts_on <= today else len(evaluations)
    running = TargetNotice.objects.filter(state=TargetNotice.State.RUNNING).select_related("affiliate")
    return PauseEffect(extended, list(running.order_by("cure_by", "pk")))


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
