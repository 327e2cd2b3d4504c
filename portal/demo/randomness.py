"""Chance that comes out the same every time: each topic has its own, so that a change to one moves no other."""

import random
from datetime import datetime


def make_random(topic: str, now: datetime) -> random.Random:
    """The dice of `topic` for a demo made at `now`."""
    return random.Random(f"{topic} {now.isoformat()}")  # noqa: S311 -- figures to look at, no secret  # nosec B311
