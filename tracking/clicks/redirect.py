"""The redirect of tracking links, which runs ahead of Django for speed.

`wrap_wsgi` puts it in front of the web process, so that one port is enough. `asgi` is a separate service.
"""

import gc
import os
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import django
from django.apps import apps

from lib.client_address import resolve_address
from tracking.clicks.requests import PURPOSE_HEADERS, RedirectRequest, read_purpose

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from tracking.clicks.responses import RedirectResponse
    from tracking.clicks.service import RedirectService

PREFIX = "/r/"
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
# Takes status, headers and body.
SendResponse = Callable[[int, list[tuple[str, str]], bytes], None]
# The headers that a visit depends on, as ASGI names them.
_HEADERS = {
    name.encode(): name for name in ("x-forwarded-for", "user-agent", "referer", "sec-fetch-dest", *PURPOSE_HEADERS)
}


def wrap_wsgi(application: "WSGIApplication") -> "WSGIApplication":
    """Return a WSGI application that handles `/r/{code}` and passes everything else to `application`."""

    def handle(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(PREFIX):
            return application(environ, start_response)
        visit = parse_wsgi_request(environ, datetime.now(UTC))
        response = _get_service().respond(visit)
        start_response(f"{response.status} {response.reason}", response.headers)
        return [b"" if visit.method == "HEAD" else response.body]

    return handle


def respond_later(environ: "WSGIEnvironment", send: SendResponse) -> bool:
    """Have `/r/{code}` answered by `send` once its click is durable, and hold no thread until then.

    Return False for everything else. For a server that can answer from another thread than that of the request.
    """
    if not environ["PATH_INFO"].startswith(PREFIX):
        return False
    visit = parse_wsgi_request(environ, datetime.now(UTC))

    def send_response(response: "RedirectResponse") -> None:
        send(response.status, response.headers, b"" if visit.method == "HEAD" else response.body)

    _get_service().respond_later(visit, send_response)
    return True


def warm_up() -> None:
    """Load recently served links before the first visit. Takes a few seconds at most without a database."""
    _get_service().start()
    # Objects created so far live as long as the process. Garbage collections that scan them would delay visits.
    gc.collect()
    gc.freeze()


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """Handle `/r/{code}`, and answer 404 to everything else: an ASGI application."""
    if scope["type"] == "lifespan":
        await _handle_lifespan(receive, send)
    elif scope["type"] == "http":
        visit = parse_asgi_request(scope, datetime.now(UTC))
        response = await _get_service().respond_async(visit)
        headers = [_encode_header(name, value) for name, value in response.headers]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if visit.method == "HEAD" else response.body})


# The location is new each time, and the others are always the same.
@lru_cache(maxsize=32)
def _encode_header(name: str, value: str) -> tuple[bytes, bytes]:
    return name.lower().encode("latin-1"), value.encode("latin-1")


def parse_wsgi_request(environ: "WSGIEnvironment", at: datetime) -> RedirectRequest:
    """Return the visit of a WSGI request. Other paths than `/r/{code}` get the code "", which no link has."""
    purpose = ""
    if (
        "HTTP_SEC_PURPOSE" in environ
        or "HTTP_PURPOSE" in environ
        or "HTTP_X_PURPOSE" in environ
        or "HTTP_X_MOZ" in environ
    ):
        headers = (
            (name[5:].lower().replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")
        )
        purpose = read_purpose(dict(headers))
    return RedirectRequest(
        code=_extract_code(environ["PATH_INFO"]),
        method=environ["REQUEST_METHOD"],
        query=_decode_utf8(environ.get("QUERY_STRING", "")),
        address=resolve_address(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")),
        user_agent=_decode_utf8(environ.get("HTTP_USER_AGENT", "")),
        referrer=_decode_utf8(environ.get("HTTP_REFERER", "")),
        purpose=purpose,
        at=at,
        fetch_dest=_read_fetch_dest(environ.get("HTTP_SEC_FETCH_DEST")),
    )


def _read_fetch_dest(header: str | None) -> str | None:
    return None if header is None else header.strip().lower()


def parse_asgi_request(scope: Scope, at: datetime) -> RedirectRequest:
    """Return the visit of an ASGI request. Other paths than `/r/{code}` get the code "", which no link has."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        if key := _HEADERS.get(name):
            text = value.decode("utf-8", "replace")
            headers[key] = f"{headers[key]},{text}" if key in headers else text
    client = scope.get("client") or ("", 0)
    return RedirectRequest(
        code=_extract_code(scope["path"]),
        method=scope["method"],
        query=scope.get("query_string", b"").decode("utf-8", "replace"),
        address=resolve_address(client[0], headers.get("x-forwarded-for", "")),
        user_agent=headers.get("user-agent", ""),
        referrer=headers.get("referer", ""),
        purpose=read_purpose(headers),
        at=at,
        fetch_dest=_read_fetch_dest(headers.get("sec-fetch-dest")),
    )


def _extract_code(path: str) -> str:
    return path[len(PREFIX) :].removesuffix("/") if path.startswith(PREFIX) else ""


def _decode_utf8(text: str) -> str:
    """Decode header text that WSGI passes as Latin-1 although it is mostly UTF-8."""
    return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "replace")


@cache
def _get_service() -> "RedirectService":
    # The separate service must set Django up. Not at import, which must be cheap and start nothing.
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
    from tracking.clicks.service import get_service

    return get_service()


async def _handle_lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        if event == "lifespan.startup":
            warm_up()
            await send({"type": "lifespan.startup.complete"})
        elif event == "lifespan.shutdown":
            _get_service().stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
