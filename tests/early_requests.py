"""Requests to the WSGI and ASGI applications as the server passes them on."""

from typing import Any

from config.asgi import application as asgi_application
from config.wsgi import application as wsgi_application
from tests.coroutines import run_coroutine

Reply = tuple[int, dict[str, str], bytes]


def request_wsgi(path: str, method: str = "GET", peer: str = "127.0.0.1", **headers: str) -> Reply:
    """Return status, headers and body; the names of the headers given have underscores."""
    answers: list[Any] = []

    def start_response(status, headers, exc_info=None):
        answers.extend([status, headers])
        return answers.append

    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "REMOTE_ADDR": peer}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    body = b"".join(wsgi_application(environ, start_response))
    status, given = answers
    return int(status.split()[0]), {name.lower(): value for name, value in given}, body


def request_asgi(path: str, method: str = "GET", peer: str = "127.0.0.1", **headers: str) -> Reply:
    """Do the same as `request_wsgi` with the click service."""
    sent: list[Any] = []

    async def send(message):
        sent.append(message)

    async def serve():
        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "path": path, "method": method, "headers": given, "client": (peer, 1)}
        await asgi_application(scope, None, send)

    run_coroutine(serve())
    given = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], given, sent[1]["body"]
