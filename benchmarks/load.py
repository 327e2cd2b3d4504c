"""A closed-loop load generator: each connection sends its next request as soon as it has a response.

    python -m benchmarks.load PORT PATH CONNECTIONS SECONDS keep|-

It uses plain sockets and epoll, because a generator that needs more time per request than the server would measure
itself. Prints a summary as JSON.
"""

import json
import select
import socket
import sys
import time

HEADERS = "Host: bench\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
_END = b"\r\n\r\n"


class Load:
    """Send requests over all connections and collect the responses."""

    def __init__(self, port: int, path: str, connections: int) -> None:
        self.request = f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode()
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.started: dict[int, float] = {}
        self.latencies: list[float] = []
        self.responses: list[bytes] = []
        for _ in range(connections):
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setblocking(False)
            self.sockets[client.fileno()] = client
            self.poll.register(client.fileno(), select.EPOLLIN)

    def run(self, seconds: float, keep: bool) -> None:
        """Send requests until the time is up or the server has closed all connections; `keep` stores the responses."""
        until = time.perf_counter() + seconds
        for fd in list(self.sockets):
            self._send_request(fd)
        while self.sockets and time.perf_counter() < until:
            for fd, _event in self.poll.poll(0.1):
                self._receive(fd, keep)

    def _send_request(self, fd: int) -> None:
        self.started[fd] = time.perf_counter()
        try:
            self.sockets[fd].send(self.request)
        except OSError:
            self._close(fd)

    def _receive(self, fd: int, keep: bool) -> None:
        try:
            response = self.sockets[fd].recv(65536)
        except OSError:
            response = b""
        # A redirect without a body arrives in one piece; anything else means that the connection was closed.
        if not response.endswith(_END):
            self._close(fd)
            return
        if not response.startswith(b"HTTP/1.1 302"):
            raise SystemExit(f"not a redirect: {response!r}")
        self.latencies.append(time.perf_counter() - self.started[fd])
        if keep:
            self.responses.append(response)
        self._send_request(fd)

    def _close(self, fd: int) -> None:
        self.poll.unregister(fd)
        self.sockets.pop(fd).close()


def summarize(load: Load, seconds: float) -> dict[str, object]:
    latencies = sorted(load.latencies)
    return {
        "rate": len(latencies) / seconds,
        "p99": latencies[len(latencies) * 99 // 100] if latencies else None,
        "worst": latencies[-1] if latencies else None,
        "locations": [one.partition(b"ocation: ")[2].partition(b"\r")[0].decode() for one in load.responses],
    }


if __name__ == "__main__":
    port, path, connections, seconds, keep = sys.argv[1:]
    load = Load(int(port), path, int(connections))
    load.run(float(seconds), keep == "keep")
    print(json.dumps(summarize(load, float(seconds))))
