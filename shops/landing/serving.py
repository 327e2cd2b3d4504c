"""Serve accord.js ahead of Django and of the click service, so that every process that has tracking links has it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from shops.landing import script

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

AsgiApplication = Callable[..., Awaitable[None]]


def wrap_wsgi(application: "WSGIApplication") -> "WSGIApplication":
    """Return a WSGI application that serves the script and passes everything else to `application`."""

    def handle(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not script.is_script_path(path):
            return application(environ, start_response)
        response = script.respond(
            path,
            environ["REQUEST_METHOD"],
            accept_encoding=environ.get("HTTP_ACCEPT_ENCODING", ""),
            if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
        )
        start_response(f"{response.status} {response.reason}", response.headers)
        return [response.body]

    return handle


def wrap_asgi(application: AsgiApplication) -> AsgiApplication:
    """Return an ASGI application that serves the script and passes everything else to `application`."""

    async def handle(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not script.is_script_path(scope["path"]):
            await application(scope, receive, send)
            return
        given = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        response = script.respond(
            scope["path"],
            scope["method"],
            accept_encoding=given.get(b"accept-encoding", ""),
            if_none_match=given.get(b"if-none-match", ""),
        )
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    return handle
