"""Dates and random numbers for planning the demo, both determined by the time at which it is built."""

import random
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

MONTHS = 13


class Days(NamedTuple):
    """Compute dates relative to `now`, the time at which the demo is built."""

    now: datetime

    def ago(self, days: float, hour: int = 11, minute: int = 0) -> datetime:
        """Return the UTC time of day `hour`:`minute`, that many days before today."""
        today = datetime.combine(self.now.astimezone(UTC).date(), time.min, UTC)
        return today - timedelta(days=days) + timedelta(hours=hour, minutes=minute)

    @property
    def start(self) -> datetime:
        """Return the start of the program: the first instant (UTC) of the month thirteen months back."""
        month = self.now.astimezone(UTC).year * 12 + self.now.astimezone(UTC).month - 1 - MONTHS
        return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def make_random(topic: str, now: datetime) -> random.Random:
    """Return the random generator of `topic` for a demo built at `now`.

    Each topic has its own, so that a change to one topic leaves the others as they are.
    """
    return random.Random(f"{topic} {now.isoformat()}")  # noqa: S311 -- sample figures, not a secret  # nosec B311
