"""The queue of the demo's scheduled actions, run in order of time."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import NamedTuple

Action = Callable[[datetime], object]


class _Entry(NamedTuple):
    at: datetime
    number: int
    do: Action
    shop_first: bool


class Timeline:
    """Run actions in order of time; actions scheduled after `until` are dropped."""

    def __init__(self, *, until: datetime) -> None:
        self.until = until
        self._entries: list[_Entry] = []
        self._numbers = count()

    def schedule(self, at: datetime, do: Action, *, shop_first: bool = False) -> None:
        """Schedule `do(at)`; actions at the same time run in the order scheduled.

        With `shop_first`, the shop sends its clicks and orders up to `at` first.
        """
        if at <= self.until:
            heapq.heappush(self._entries, _Entry(at, next(self._numbers), do, shop_first))

    def run(self, shop: Action, deliver: Action) -> None:
        """Run all actions, including those scheduled meanwhile.

        `shop(at)` sends the clicks and orders up to a time; `deliver(at)` dates the e-mails that an action has queued.
        """
        while self._entries:
            entry = heapq.heappop(self._entries)
            if entry.shop_first:
                shop(entry.at)
            entry.do(entry.at)
            deliver(entry.at)
        shop(self.until)
