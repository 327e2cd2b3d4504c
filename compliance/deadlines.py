"""Deadlines of reviews, notices and targets: days of 24 hours, counted from an instant (specification 8).

Periods are half-open: people may act before the deadline, scheduled tasks act from the deadline on.
"""

from datetime import datetime, timedelta


def add_days(start: datetime, days: int) -> datetime:
    """Return the instant `days` x 24 hours after `start`."""
    return start + timedelta(days=days)


def is_over(deadline: datetime | None, now: datetime) -> bool:
    """Return whether `deadline` has passed at `now`; without a deadline, never."""
    return deadline is not None and deadline <= now
