"""An HTTP server on this machine for tests of calls to other servers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    # What is sent before the body stops arriving; None sends all of it.
    stalls_after: int | None = None


@dataclass
class LocalServer:
    url: str
    # Paths with queries and the headers of all requests, in order.
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path for path, _headers in self.requests]


@contextmanager
def serve(
    answer: Callable[[str], Reply], answer_post: Callable[[str, bytes], Reply] | None = None
) -> Iterator[LocalServer]:
    """Serve what `answer` returns for each path with its query, and `answer_post` for each path and body."""
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            local.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.reply(answer(self.path))

        def do_POST(self) -> None:
            assert answer_post
            local.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.reply(answer_post(self.path, self.rfile.read(int(self.headers["Content-Length"]))))

        def reply(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(reply.body if reply.stalls_after is None else reply.body[: reply.stalls_after])
                if reply.stalls_after is not None:
                    stopping.wait(10)
            except OSError:
                pass  # the client has gone away
            self.close_connection = True

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    local = LocalServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield local
    finally:
        stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
