"""Groups of items that many requests add and one thread processes together while the requests wait."""

import asyncio
import threading
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _LoopWait(NamedTuple):
    """Those who wait for a group in one event loop, and the timer that wakes them."""

    timer: asyncio.TimerHandle
    futures: list["asyncio.Future[None]"]


class Group(Generic[T]):
    """Items that are processed together, and the threads and event loops that wait for them."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.is_complete = False
        # One lock per waiting thread. With an Event all of them would queue for the same lock when they wake.
        self._locks: list[threading.Lock] = []
        self._waits: dict[asyncio.AbstractEventLoop, _LoopWait] = {}

    def complete(self) -> None:
        """Release all waiters, with one wake-up per event loop. Later calls do nothing."""
        if self.is_complete:
            return
        self.is_complete = True
        for lock in self._locks:
            lock.release()
        for loop in list(self._waits):
            with suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(self._wake, loop)

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for the group, and return whether it is complete."""
        lock = threading.Lock()
        lock.acquire()
        self._locks.append(lock)
        # Check only after adding the lock, because `complete` sets the flag before it releases the locks.
        return self.is_complete or lock.acquire(timeout=max(seconds, 0))

    async def wait_async(self, seconds: float) -> bool:
        """Do the same as `wait` in an event loop. Those who wait for a group there give up together with the first."""
        loop = asyncio.get_running_loop()
        wait = self._waits.get(loop)
        if wait is None:
            timer = loop.call_later(max(seconds, 0), self._wake, loop)
            wait = self._waits[loop] = _LoopWait(timer, [])
        future: asyncio.Future[None] = loop.create_future()
        wait.futures.append(future)
        # Check only after adding the future, as above.
        if not self.is_complete:
            await future
        return self.is_complete

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake those who wait in `loop`, which runs this."""
        if wait := self._waits.pop(loop, None):
            wait.timer.cancel()
            for future in wait.futures:
                if not future.done():
                    future.set_result(None)
