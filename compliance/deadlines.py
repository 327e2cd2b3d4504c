"""Deadlines of reviews, notices and targets: days of 24 hours, counted from an instant (CONTRACT 8). Pure: no clock.

A time of N days is half-open, as months are (CONTRACT 6): it has begun at its first instant and is over at the instant of
its deadline. So somebody may act while the deadline lies ahead, the clock acts from the deadline on, and no instant is left
to both or to neither.
"""

from datetime import datetime, timedelta


def add_days(start: datetime, days: int) -> datetime:
    """The instant `days` x 24 hours after `start`."""
    return start + timedelta(days=days)


def is_over(deadline: datetime | None, now: datetime) -> bool:
    """Whether `deadline` has come by `now`; what has no deadline is never over."""
    return deadline is not None and deadline <= now
