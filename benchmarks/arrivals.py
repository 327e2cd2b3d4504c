"""An open-loop load generator: requests are sent at a fixed rate, whether or not earlier ones are answered.

    python -m benchmarks.arrivals PORT PATH RATE SECONDS

Prints a summary as JSON. `worst` is in seconds from when a request was due, `worst_sent` from when it was sent: the
difference is the delay of this generator.
"""

import asyncio
import json
import sys
import time
from collections import Counter

from benchmarks.load import HEADERS

_TICK_SECONDS = 0.001
_DRAIN_SECONDS = 10


class ClientConnection(asyncio.Protocol):
    """A connection that is reused for another request once it has its response."""

    def __init__(self, arrivals: "Arrivals") -> None:
        self.arrivals = arrivals
        self.transport: asyncio.Transport | None = None
        self.received = b""
        self.due = self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.arrivals.request)

    def send(self, due: float) -> None:
        """Send the next request, which was due at that time of the performance counter."""
        self.due, self.sent = due, time.perf_counter()
        if self.transport is not None:
            self.transport.write(self.arrivals.request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if b"\r\n\r\n" in self.received:
            self.arrivals.record_response(self, self.received)
            self.received = b""

    def connection_lost(self, exc: Exception | None) -> None:
        if self.due:
            self.arrivals.errors += 1
            self.arrivals.open -= 1
        self.arrivals.drop_connection(self)


class Arrivals:
    """Send the requests of a run and collect their responses."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.request = f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode()
        self.idle: list[ClientConnection] = []
        self.statuses: Counter[str] = Counter()
        self.locations: list[str] = []
        self.latencies: list[float] = []
        self.worst_sent = 0.0
        self.errors = self.open = 0

    async def send_all(self, rate: float, seconds: float) -> None:
        """Send requests at that rate per second, then wait for the pending ones."""
        started, number = time.perf_counter(), 0
        while (due := started + number / rate) < started + seconds:
            if due > time.perf_counter():
                await asyncio.sleep(_TICK_SECONDS)
            else:
                self.send_one(due)
                number += 1
        deadline = time.perf_counter() + _DRAIN_SECONDS
        while self.open and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self.errors += self.open

    def send_one(self, due: float) -> None:
        """Send a request over an idle connection, or over a new one if there is none."""
        self.open += 1
        if self.idle:
            self.idle.pop().send(due)
        else:
            client = ClientConnection(self)
            client.due, client.sent = due, time.perf_counter()
            task = asyncio.get_running_loop().create_task(self._connect(client))
            task.add_done_callback(lambda done: done.exception())

    async def _connect(self, client: ClientConnection) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", self.port)
        except OSError:
            self.errors += 1
            self.open -= 1

    def record_response(self, client: ClientConnection, response: bytes) -> None:
        """Record the response and mark the connection as idle."""
        now = time.perf_counter()
        self.latencies.append(now - client.due)
        self.worst_sent = max(self.worst_sent, now - client.sent)
        head = response.partition(b"\r\n\r\n")[0]
        self.statuses[head[9:12].decode()] += 1
        self.locations.append(head.partition(b"ocation: ")[2].partition(b"\r")[0].decode())
        self.open -= 1
        client.due = 0.0
        self.idle.append(client)

    def drop_connection(self, client: ClientConnection) -> None:
        """Forget a connection that the server has closed."""
        if client in self.idle:
            self.idle.remove(client)


def summarize(arrivals: Arrivals) -> dict[str, object]:
    latencies = sorted(arrivals.latencies)
    return {
        "answers": len(latencies),
        "errors": arrivals.errors,
        "statuses": dict(arrivals.statuses),
        "median": latencies[len(latencies) // 2] if latencies else None,
        "p99": latencies[len(latencies) * 99 // 100] if latencies else None,
        "worst": latencies[-1] if latencies else None,
        "worst_sent": arrivals.worst_sent,
        "locations": arrivals.locations,
    }


if __name__ == "__main__":
    port, path, rate, seconds = sys.argv[1:]
    arrivals = Arrivals(int(port), path)
    asyncio.run(arrivals.send_all(float(rate), float(seconds)))
    print(json.dumps(summarize(arrivals)))
