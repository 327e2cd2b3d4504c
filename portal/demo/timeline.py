"""What happens when: everything of the demo's history is noted here and lived through in order of time."""

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
    """Deeds by the moment at which they happen; what would happen after `until` never does."""

    def __init__(self, *, until: datetime) -> None:
        self.until = until
        self._entries: list[_Entry] = []
        self._numbers = count()

    def schedule(self, at: datetime, do: Action, *, shop_first: bool = False) -> None:
        """Do `do(at)` when its time comes; deeds of one moment in the order noted. With `shop_first` the clicks and orders
        until then are taken in before it."""
        if at <= self.until:
            heapq.heappush(self._entries, _Entry(at, next(self._numbers), do, shop_first))

    def run(self, shop: Action) -> None:
        """Do all of it, also what is noted meanwhile; `shop` takes in the clicks and orders up to a moment."""
        while self._entries:
            entry = heapq.heappop(self._entries)
            if entry.shop_first:
                shop(entry.at)
            entry.do(entry.at)
        shop(self.until)
