"""Groups of items that many requests add and one thread processes together while the requests wait."""

import asyncio
import threading
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Group(Generic[T]):
    """Items that are processed together, and the threads and event loops that wait for them."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.is_complete = False
        # One lock per waiting thread. With an Event all of them would queue for the same lock when they wake.
        self._locks: list[threading.Lock] = []
        self._futures: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def complete(self) -> None:
        """Release all waiters, with one wake-up per event loop. Later calls do nothing."""
        if self.is_complete:
            return
        self.is_complete = True
        for lock in self._locks:
            lock.release()
        by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for loop, future in self._futures:
            by_loop.setdefault(loop, []).append(future)
        for loop, futures in by_loop.items():
            with suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(_wake, futures)

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for the group, and return whether it is complete."""
        lock = threading.Lock()
        lock.acquire()
        self._locks.append(lock)
        # Check only after adding the lock, because `complete` sets the flag before it releases the locks.
        return self.is_complete or lock.acquire(timeout=max(seconds, 0))

    async def wait_async(self, seconds: float) -> bool:
        """Do the same as `wait` in an event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._futures.append((loop, future))
        if self.is_complete:
            return True
        timer = loop.call_later(max(seconds, 0), _wake, [future])
        await future
        timer.cancel()
        return self.is_complete


def _wake(futures: list["asyncio.Future[None]"]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
