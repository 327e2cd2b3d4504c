"""A load generator that doesn't wait: visits come at a fixed rate, whether or not those before are answered.

    python -m benchmarks.arrivals PORT PATH RATE SECONDS

Says in JSON what they got. `worst` is in seconds from when a visit was due, `worst_sent` from when it was sent: the
difference is this generator's own delay.
"""

import asyncio
import json
import sys
import time
from collections import Counter

from benchmarks.load import HEADERS

_TICK_SECONDS = 0.001
_PATIENCE_SECONDS = 10


class VisitorConnection(asyncio.Protocol):
    """A connection that is used again for the next visit as soon as it has its answer."""

    def __init__(self, visits: "Arrivals") -> None:
        self.visits = visits
        self.transport: asyncio.Transport | None = None
        self.got = b""
        self.due = self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.visits.request)

    def send(self, due: float) -> None:
        """Send the next request, which was due at that time of the event loop's clock."""
        self.due, self.sent = due, time.perf_counter()
        if self.transport is not None:
            self.transport.write(self.visits.request)

    def data_received(self, data: bytes) -> None:
        self.got += data
        if b"\r\n\r\n" in self.got:
            self.visits.record_answer(self, self.got)
            self.got = b""

    def connection_lost(self, exc: Exception | None) -> None:
        if self.due:
            self.visits.errors += 1
            self.visits.open -= 1
        self.visits.drop_connection(self)


class Arrivals:
    """All visits of a run, and what came of them."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.request = f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode()
        self.idle: list[VisitorConnection] = []
        self.statuses: Counter[str] = Counter()
        self.locations: list[str] = []
        self.took: list[float] = []
        self.worst_sent = 0.0
        self.errors = self.open = 0

    async def send_all(self, rate: float, seconds: float) -> None:
        """Send visits at that rate, then wait for those that are under way."""
        begun, number = time.perf_counter(), 0
        while (due := begun + number / rate) < begun + seconds:
            if due > time.perf_counter():
                await asyncio.sleep(_TICK_SECONDS)
            else:
                self.send_one(due)
                number += 1
        deadline = time.perf_counter() + _PATIENCE_SECONDS
        while self.open and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self.errors += self.open

    def send_one(self, due: float) -> None:
        """Send a visit over a connection that is free, else over a new one."""
        self.open += 1
        if self.idle:
            self.idle.pop().send(due)
        else:
            visitor = VisitorConnection(self)
            visitor.due, visitor.sent = due, time.perf_counter()
            task = asyncio.get_running_loop().create_task(self._connect(visitor))
            task.add_done_callback(lambda done: done.exception())

    async def _connect(self, visitor: VisitorConnection) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: visitor, "127.0.0.1", self.port)
        except OSError:
            self.errors += 1
            self.open -= 1

    def record_answer(self, visitor: VisitorConnection, answer: bytes) -> None:
        """Note an answer; the connection is free."""
        now = time.perf_counter()
        self.took.append(now - visitor.due)
        self.worst_sent = max(self.worst_sent, now - visitor.sent)
        head = answer.partition(b"\r\n\r\n")[0]
        self.statuses[head[9:12].decode()] += 1
        self.locations.append(head.partition(b"ocation: ")[2].partition(b"\r")[0].decode())
        self.open -= 1
        visitor.due = 0.0
        self.idle.append(visitor)

    def drop_connection(self, visitor: VisitorConnection) -> None:
        """A connection that the server closed is used no more."""
        if visitor in self.idle:
            self.idle.remove(visitor)


def summarize(visits: Arrivals) -> dict[str, object]:
    took = sorted(visits.took)
    return {
        "answers": len(took),
        "errors": visits.errors,
        "statuses": dict(visits.statuses),
        "median": took[len(took) // 2] if took else None,
        "p99": took[len(took) * 99 // 100] if took else None,
        "worst": took[-1] if took else None,
        "worst_sent": visits.worst_sent,
        "locations": visits.locations,
    }


if __name__ == "__main__":
    where, path, rate, seconds = sys.argv[1:]
    visits = Arrivals(int(where), path)
    asyncio.run(visits.send_all(float(rate), float(seconds)))
    print(json.dumps(summarize(visits)))
