"""An HTTP server of one page at a time with the static files, which the browser keeps from page to page."""

import mimetypes
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from django.test import RequestFactory
from django.views.i18n import JavaScriptCatalog

HASH = re.compile(r"\.[0-9a-f]{12}(?=\.\w+$)")


class PageServer(ThreadingHTTPServer):
    """Serves the HTML `body` at `target` and nothing else but static files and the texts of scripts."""

    target, body = "", b""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        found = _read_static(path.removeprefix("/static/")) if path.startswith("/static/") else None
        if found:
            self._answer(*found)
        elif path == "/admin/jsi18n/":
            self._answer(_build_translations(), "text/javascript")
        elif self.path == self.server.target:
            self._answer(self.server.body, "text/html; charset=utf-8", keeps=False)
        else:
            self._answer(b"", "text/plain", HTTPStatus.NOT_FOUND, keeps=False)

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, *, keeps: bool = True) -> None:
        # Without the header of `send_response` that says the time: the test's may be long past.
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=3600" if keeps else "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


@cache
def _read_static(name: str) -> tuple[bytes, str] | None:
    path = finders.find(HASH.sub("", name))
    return (Path(path).read_bytes(), mimetypes.guess_type(path)[0] or "text/plain") if path else None


@cache
def _build_translations() -> bytes:
    """Return the script that the widgets for dates and times need."""
    view = JavaScriptCatalog.as_view(packages=["django.contrib.admin"])
    content: bytes = view(RequestFactory().get("/")).content  # type: ignore[attr-defined]  # no stream
    return content


@contextmanager
def run_page_server() -> Iterator[PageServer]:
    server = PageServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
