"""Reads request bodies so that slow clients can't occupy all threads of the web server.

The server hands over the body as a stream; a read blocks a thread until the client has sent that much, and can't be
given up. So bodies are read in pieces, small ones first, and a client that turns out to be slow is refused after a few
seconds. And only some threads may wait for bodies at a time: a part of WEB_THREADS for each kind of sender, of which
one sender may take three quarters. A client that sends nothing at all keeps its place until it goes away; only a proxy
that buffers requests helps against that (deploy/nginx/accord.conf).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from io import BytesIO
from typing import Any, Protocol

from django.conf import settings
from django.http import HttpRequest

FIRST_PIECE_BYTES = 4
LARGEST_PIECE_BYTES = 1024 * 1024
# From this time on a body must have arrived at this rate on average.
GRACE_SECONDS = 3.0
BYTES_PER_SECOND = 1024
# How long a body waits for a place.
WAIT_SECONDS = 0.05
# How much of an ignored body is read.
MAX_DRAINED_BYTES = 128 * 1024 * 1024

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Sender(Enum):
    """Who sends a body."""

    VISITOR = "visitor"
    SIGNED_IN = "signed in"
    API_KEY = "API key"


# The part of the threads that may wait for bodies of each kind of sender: one thread in that many.
DIVISORS = {Sender.VISITOR: 8, Sender.SIGNED_IN: 8, Sender.API_KEY: 2}


class Stream(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class BodyTooSlow(OSError):
    """The body arrives too slowly, or too many others are waited for."""


class BodyTooLarge(OSError):
    """The body is declared longer than the limit, or turned out to be."""


class _Places:
    """How many bodies of each kind of sender are being read, in all and for each owner."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken: Counter[Hashable] = Counter()

    @contextmanager
    def take(self, sender: Sender, owner: Hashable) -> Iterator[None]:
        """Hold a place. Raises BodyTooSlow if none gets free within WAIT_SECONDS."""
        limit = max(1, settings.WEB_THREADS // DIVISORS[sender])
        limits = {sender: limit, (sender, owner): max(1, limit * 3 // 4)}
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_free(limits), WAIT_SECONDS):
                raise BodyTooSlow("too many other bodies are waited for")
            self._taken.update(limits.keys())
        try:
            yield
        finally:
            with self._changed:
                self._taken.subtract(limits.keys())
                self._taken += Counter()  # drops the counts of 0
                self._changed.notify_all()

    def _is_free(self, limits: dict[Hashable, int]) -> bool:
        return all(self._taken[key] < limit for key, limit in limits.items())


_places = _Places()


class TimedBody:
    """The `wsgi.input` of a request, which is read as a whole at the first call."""

    def __init__(self, stream: Stream, length: int | None) -> None:
        """Wrap `stream`, whose body has `length` bytes, or any number if it is None (chunked)."""
        self._stream = stream
        self._remaining = length
        self._loaded: BytesIO | None = None

    def load(self, limit: int, sender: Sender, owner: Hashable) -> None:
        """Read the body, up to `limit` bytes of it. Raises BodyTooSlow."""
        if self._loaded is not None or self._remaining == 0:
            return
        loaded = BytesIO()
        with _places.take(sender, owner):
            for piece in self._read_pieces(limit):
                loaded.write(piece)
        loaded.seek(0)
        self._loaded = loaded

    def read(self, size: int = -1, /) -> bytes:
        if self._loaded is None:
            return b""
        whole = self._loaded.getbuffer().nbytes
        if self._loaded.tell() or 0 <= size < whole:
            return self._loaded.read(size)
        # A body that is read at once is handed over, not copied, and kept only by who reads it: it may be large.
        body, self._loaded = self._loaded.getvalue(), BytesIO()
        return body

    def readline(self, size: int = -1, /) -> bytes:
        return self._loaded.readline(size) if self._loaded else b""

    def drain(self, sender: Sender, owner: Hashable) -> None:
        """Read and ignore the rest, unless it is slow, so that the client gets to read the response."""
        if self._remaining != 0:
            try:
                with _places.take(sender, owner):
                    for _piece in self._read_pieces(MAX_DRAINED_BYTES):
                        pass
            except OSError:
                self._remaining = 0

    def _read_pieces(self, limit: int) -> Iterator[bytes]:
        started, received, size = time.monotonic(), 0, FIRST_PIECE_BYTES
        while received < limit and self._remaining != 0:
            wanted = min(size, limit - received, limit if self._remaining is None else self._remaining)
            piece = self._stream.read(wanted)
            received += len(piece)
            if len(piece) < wanted:
                self._remaining = 0
            elif self._remaining is not None:
                self._remaining -= len(piece)
            yield piece
            elapsed = time.monotonic() - started
            if elapsed > GRACE_SECONDS and received < elapsed * BYTES_PER_SECOND and self._remaining != 0:
                self._remaining = 0
                raise BodyTooSlow("it arrives too slowly")
            size = min(size * 8, LARGEST_PIECE_BYTES)


def parse_length(text: str) -> int | None:
    """Return the number of bytes in a Content-Length header; None if it is malformed or endless."""
    return int(text) if len(text) <= 18 and text.isascii() and text.isdigit() else None


def read_body(request: HttpRequest, limit: int, sender: Sender, owner: Hashable) -> bytes:
    """Return the whole body, read from the server: Django treats one without a length as empty and keeps what it reads.

    Raises BodyTooLarge for one of more than `limit` bytes, BodyTooSlow for one that arrives too slowly.
    """
    is_chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    length = None if is_chunked else parse_length(request.headers.get("Content-Length") or "0")
    if not is_chunked and (length is None or length > limit):
        raise BodyTooLarge
    stream = request.META["wsgi.input"]
    if isinstance(stream, TimedBody):
        stream.load(limit + 1, sender, owner)
    body: bytes = stream.read(limit + 1 if length is None else length) if length != 0 else b""
    if len(body) > limit:
        raise BodyTooLarge
    if not isinstance(stream, TimedBody):
        request.META["wsgi.input"] = BytesIO()
    return body


def wrap_wsgi(application: Application) -> Application:
    """Return `application` with a `TimedBody` as the input of requests that have a body."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        declared = environ.get("CONTENT_LENGTH") or "0"
        if is_chunked or declared != "0":
            length = None if is_chunked else (parse_length(declared) or 0)
            environ["wsgi.input"] = TimedBody(environ["wsgi.input"], length)
        return application(environ, start_response)

    return serve
