"""Responses that are given ahead of Django, in the web process and in the click service alike.

`matches` looks at the path alone, because it is called for every request; `respond` may take its time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

AsgiApplication = Callable[..., Awaitable[None]]


class EarlyRequest(NamedTuple):
    """A request without its body; `peer` is the address of the connection, the names of `headers` are lower case."""

    path: str
    method: str
    peer: str
    headers: Mapping[str, str]


class EarlyResponse(NamedTuple):
    """A response; `reason` is the reason phrase."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""


Matches = Callable[[str], bool]
Respond = Callable[[EarlyRequest], EarlyResponse]


def wrap_wsgi(application: "WSGIApplication", matches: Matches, respond: Respond) -> "WSGIApplication":
    """Return a WSGI application that responds to matching paths and passes everything else to `application`."""

    def handle(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not matches(environ["PATH_INFO"]):
            return application(environ, start_response)
        headers = {
            name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        request = EarlyRequest(environ["PATH_INFO"], environ["REQUEST_METHOD"], environ.get("REMOTE_ADDR", ""), headers)
        response = respond(request)
        start_response(f"{response.status} {response.reason}", response.headers)
        return [_get_body(request, response)]

    return handle


def wrap_asgi(application: AsgiApplication, matches: Matches, respond: Respond) -> AsgiApplication:
    """Do the same as `wrap_wsgi` for an ASGI application."""

    def handle(scope: dict[str, Any], receive: Any, send: Any) -> Awaitable[None]:
        if scope["type"] != "http" or not matches(scope["path"]):
            return application(scope, receive, send)
        return respond_matching(scope, send)

    async def respond_matching(scope: dict[str, Any], send: Any) -> None:
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        client = scope.get("client") or ("", 0)
        request = EarlyRequest(scope["path"], scope["method"], client[0], given)
        response = await asyncio.to_thread(respond, request)
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": _get_body(request, response)})

    return handle


def _get_body(request: EarlyRequest, response: EarlyResponse) -> bytes:
    return b"" if request.method == "HEAD" else response.body
