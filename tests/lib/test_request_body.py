"""Bodies of requests are read in pieces, slow ones are refused, and only some threads wait for bodies."""

import io
import threading
from typing import Any

import pytest

from lib import request_body
from lib.request_body import BodyTooSlow, Sender, TimedBody

VISITOR = (Sender.VISITOR, "192.0.2.1")


class Clock:
    """A clock that a dripping client advances by a second for each byte it sends."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


class DrippingStream:
    def __init__(self, clock: Clock, seconds_per_byte: float) -> None:
        self._clock, self._seconds_per_byte = clock, seconds_per_byte
        self.sent = 0

    def read(self, size: int = -1, /) -> bytes:
        self.sent += size
        self._clock.seconds += size * self._seconds_per_byte
        return b"x" * size


class BlockedStream:
    """A client that sends nothing until it is released."""

    def __init__(self) -> None:
        self.released, self.reading = threading.Event(), threading.Event()

    def read(self, size: int = -1, /) -> bytes:
        self.reading.set()
        self.released.wait(30)
        return b""


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(request_body, "time", clock)
    return clock


def open_body(environ: dict[str, Any]) -> Any:
    """Return the body that an application gets for `environ`."""
    request_body.wrap_wsgi(lambda _environ, _start: [])(environ, print)
    return environ["wsgi.input"]


@pytest.mark.parametrize("length", [1, 4, 5, 40, 3_000, 300_000])
def test_body_is_read_up_to_its_length(length):
    content = bytes(range(256)) * 2_000
    body = open_body({"wsgi.input": io.BytesIO(content), "CONTENT_LENGTH": str(length)})
    body.load(1_000_000, *VISITOR)
    assert body.read() == content[:length]


@pytest.mark.parametrize("limit", [3, 4, 100, 5_000])
def test_chunked_body_is_read_up_to_the_limit(limit):
    body = open_body({"wsgi.input": io.BytesIO(b"0123456789" * 100), "HTTP_TRANSFER_ENCODING": "Chunked"})
    body.load(limit, *VISITOR)
    assert body.read() == (b"0123456789" * 100)[:limit]


def test_lines_are_read_across_the_body():
    body = open_body({"wsgi.input": io.BytesIO(b"one\ntwo"), "CONTENT_LENGTH": "7"})
    body.load(100, *VISITOR)
    assert (body.readline(), body.readline(), body.readline()) == (b"one\n", b"two", b"")


def test_request_without_a_body_keeps_the_input_of_the_server():
    stream = io.BytesIO()
    assert open_body({"wsgi.input": stream}) is stream


def test_malformed_length_reads_nothing():
    body = open_body({"wsgi.input": io.BytesIO(b"0123"), "CONTENT_LENGTH": "-4"})
    body.load(100, *VISITOR)
    assert body.read() == b""


def test_client_of_a_byte_a_second_is_refused_after_the_first_piece(clock):
    stream = DrippingStream(clock, seconds_per_byte=1)
    with pytest.raises(BodyTooSlow, match="too slowly"):
        TimedBody(stream, 1_000).load(1_000, *VISITOR)
    assert stream.sent == request_body.FIRST_PIECE_BYTES


def test_client_on_a_slow_line_is_served(clock):
    body = TimedBody(DrippingStream(clock, seconds_per_byte=1 / 2_000), 50_000)
    body.load(50_000, *VISITOR)
    assert len(body.read()) == 50_000
    assert clock.seconds == pytest.approx(25)


def test_rest_of_a_refused_body_is_read_unless_it_is_slow(clock):
    fast, slow = DrippingStream(clock, seconds_per_byte=1 / 10**6), DrippingStream(clock, seconds_per_byte=1)
    TimedBody(fast, 300_000).drain(*VISITOR)
    TimedBody(slow, 300_000).drain(*VISITOR)
    assert (fast.sent, slow.sent) == (300_000, request_body.FIRST_PIECE_BYTES)


def test_only_some_threads_wait_for_bodies_and_one_sender_gets_three_quarters(settings, monkeypatch):
    settings.WEB_THREADS = 32  # four places for visitors
    monkeypatch.setattr(request_body, "WAIT_SECONDS", 0)
    streams = [BlockedStream() for _ in range(4)]
    owners = ["192.0.2.1"] * 3 + ["192.0.2.2"]
    threads = [
        threading.Thread(target=TimedBody(stream, 5).load, args=(5, Sender.VISITOR, owner))
        for stream, owner in zip(streams, owners, strict=True)
    ]
    for thread, stream in zip(threads[:3], streams[:3], strict=True):
        thread.start()
        assert stream.reading.wait(30)
    with pytest.raises(BodyTooSlow, match="too many"):
        TimedBody(io.BytesIO(b"12345"), 5).load(5, Sender.VISITOR, "192.0.2.1")
    TimedBody(io.BytesIO(b"12345"), 5).load(5, Sender.VISITOR, "192.0.2.2")
    threads[3].start()
    assert streams[3].reading.wait(30)
    with pytest.raises(BodyTooSlow, match="too many"):
        TimedBody(io.BytesIO(b"12345"), 5).load(5, Sender.VISITOR, "192.0.2.3")
    TimedBody(io.BytesIO(b"12345"), 5).load(5, Sender.SIGNED_IN, 1)
    for stream in streams:
        stream.released.set()
    for thread in threads:
        thread.join()
    TimedBody(io.BytesIO(b"12345"), 5).load(5, Sender.VISITOR, "192.0.2.1")
    assert not request_body._places._taken
