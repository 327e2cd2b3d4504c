"""Things that many requests ask for and one thread does together: requests put theirs into the open group and wait."""

import asyncio
import threading
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Group(Generic[T]):
    """What is done together, and who waits for it: threads and event loops alike."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.is_complete = False
        # A lock for each waiting thread: an Event would have all of them queue for one lock again when they wake.
        self._locks: list[threading.Lock] = []
        self._futures: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def complete(self) -> None:
        """Let everybody go on, once; one wake-up an event loop, however many wait there."""
        if self.is_complete:
            return
        self.is_complete = True
        for lock in self._locks:
            lock.release()
        by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for loop, future in self._futures:
            by_loop.setdefault(loop, []).append(future)
        for loop, futures in by_loop.items():
            with suppress(RuntimeError):  # the loop was closed: nobody waits there
                loop.call_soon_threadsafe(_wake, futures)

    def wait(self, seconds: float) -> bool:
        """Wait until it is done, so many seconds at most; whether it was."""
        lock = threading.Lock()
        lock.acquire()
        self._locks.append(lock)
        # Asked only now: whoever settles looks for locks after having set this.
        return self.is_complete or lock.acquire(timeout=max(seconds, 0))

    async def wait_async(self, seconds: float) -> bool:
        """As `wait`, in an event loop."""
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
