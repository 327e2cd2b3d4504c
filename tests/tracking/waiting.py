"""Records how long requests may wait for a store, so that tests need not measure how long they did."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

from tracking.clicks.group_commit import Group


class Wait(NamedTuple):
    """The limit of a wait in seconds, and whether the group was complete at its end."""

    limit: float
    is_complete: bool


@contextmanager
def record_waits() -> Iterator[list[Wait]]:
    """Yield a list to which every wait for a group is appended when it ends."""
    waits: list[Wait] = []
    wait = Group.wait

    def wait_and_record(group: Group[object], seconds: float) -> bool:
        is_complete = wait(group, seconds)
        waits.append(Wait(seconds, is_complete))
        return is_complete

    with patch.object(Group, "wait", wait_and_record):
        yield waits
