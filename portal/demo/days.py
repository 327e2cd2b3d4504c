"""The days of the demo, counted back from the moment at which it is made."""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

MONTHS = 13


class Days(NamedTuple):
    """`now` is when the demo is made; everything in it lies before."""

    now: datetime

    def ago(self, days: float, hour: int = 11, minute: int = 0) -> datetime:
        """That day, in UTC, at that time of day; whole days only move it by days."""
        today = datetime.combine(self.now.astimezone(UTC).date(), time.min, UTC)
        return today - timedelta(days=days) + timedelta(hours=hour, minutes=minute)

    @property
    def start(self) -> datetime:
        """When the program began: the first instant of a month, thirteen months back."""
        month = self.now.astimezone(UTC).year * 12 + self.now.astimezone(UTC).month - 1 - MONTHS
        return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
