"""A load generator of our own: as many connections as asked for, each asking again as soon as it is answered.

    python -m benchmarks.load PORT PATH CONNECTIONS SECONDS keep|-

Sockets and epoll alone, because a server's rate can't be told by a generator that needs more time for a request than
the server does. Says in JSON what came of it.
"""

import json
import select
import socket
import sys
import time

HEADERS = "Host: bench\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
_END = b"\r\n\r\n"


class Load:
    """The connections, and what they were answered."""

    def __init__(self, port: int, path: str, connections: int) -> None:
        self.request = f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode()
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.begun: dict[int, float] = {}
        self.took: list[float] = []
        self.answers: list[bytes] = []
        for _ in range(connections):
            made = socket.create_connection(("127.0.0.1", port))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setblocking(False)
            self.sockets[made.fileno()] = made
            self.poll.register(made.fileno(), select.EPOLLIN)

    def run(self, seconds: float, keep: bool) -> None:
        """Ask and ask again until the time is up, or until the server is gone."""
        until = time.perf_counter() + seconds
        for fd in list(self.sockets):
            self._send_request(fd)
        while self.sockets and time.perf_counter() < until:
            for fd, _event in self.poll.poll(0.1):
                self._receive(fd, keep)

    def _send_request(self, fd: int) -> None:
        self.begun[fd] = time.perf_counter()
        try:
            self.sockets[fd].send(self.request)
        except OSError:
            self._close(fd)

    def _receive(self, fd: int, keep: bool) -> None:
        try:
            answer = self.sockets[fd].recv(65536)
        except OSError:
            answer = b""
        # An answer without a body is small enough to come in one piece, or it isn't one.
        if not answer.endswith(_END):
            self._close(fd)
            return
        if not answer.startswith(b"HTTP/1.1 302"):
            raise SystemExit(f"not a redirect: {answer!r}")
        self.took.append(time.perf_counter() - self.begun[fd])
        if keep:
            self.answers.append(answer)
        self._send_request(fd)

    def _close(self, fd: int) -> None:
        self.poll.unregister(fd)
        self.sockets.pop(fd).close()


def summarize(load: Load, seconds: float) -> dict[str, object]:
    took = sorted(load.took)
    return {
        "rate": len(took) / seconds,
        "p99": took[len(took) * 99 // 100] if took else None,
        "worst": took[-1] if took else None,
        "locations": [answer.partition(b"ocation: ")[2].partition(b"\r")[0].decode() for answer in load.answers],
    }


if __name__ == "__main__":
    port, path, connections, seconds, keep = sys.argv[1:]
    load = Load(int(port), path, int(connections))
    load.run(float(seconds), keep == "keep")
    print(json.dumps(summarize(load, float(seconds))))
