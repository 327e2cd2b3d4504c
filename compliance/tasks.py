"""Scheduled tasks; each returns a summary for the operations page."""

from collections.abc import Mapping

from django.utils import timezone

from compliance.offboarding import notice_expiry
from compliance.reviews import deadlines_task
from compliance.signals import signals
from compliance.targets import checks
from lib.typed import shared_task


@shared_task
def check_targets() -> str:
    return _format_counts(checks.check_targets(now=timezone.now())._asdict())


@shared_task
def enforce_review_deadlines() -> str:
    return _format_counts(deadlines_task.enforce_deadlines(now=timezone.now())._asdict())


@shared_task
def apply_expired_notices() -> str:
    now = timezone.now()
    # Declines come first: after a long outage, the notice of those who leave may be over as well.
    declined = notice_expiry.apply_due_declines(now=now)
    return _format_counts({"declined": declined} | notice_expiry.apply_expired_notices(now=now)._asdict())


@shared_task
def detect_signals() -> str:
    return _format_counts(signals.detect_signals(now=timezone.now()))


def _format_counts(counts: Mapping[str, int]) -> str:
    """Return counts such as "checked: 12, warned: 1", without those that are zero."""
    return ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items() if count)
