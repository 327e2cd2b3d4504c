"""A served redirect, in processes of its own as in production, ..."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from affiliates import status_history
from affiliates.models import State
from agreements.models import Acceptance, AgreementVersion, Program
from tests.factories import make_affiliate
from tracking.clicks import click_ids
from tracking.links import tracking_links
from tracking.models import Click, ClickLoss, Link

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial, pytest.mark.slow]
HERE = Path(__file__).parents[2]
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
APPLICATIONS = {"asgi": "tracking.clicks.redirect:asgi", "wsgi": "config.wsgi:application"}


@pytest.fixture
def link() -> Link:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    affiliate = make_affiliate()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    agreement = AgreementVersion.objects.create(
        name="1", number=1, drafted_at=start, published_at=start, effective_at=start
    )
    Acceptance.objects.create(
        sequence=1,
        affiliate=affiliate,
        agreement=agreement,
        method="online",
        accepted_at=start,
        recorded_at=start,
        box_ticked=True,
        hash=uuid4().hex,
    )
    return tracking_links.create_link(affiliate=affiliate, target="https://shop.example/p", now=timezone.now(), by=None)


class Proxy:
    """A way to PostgreSQL on loopback that can be held up (bytes wait), slow, or gone (nobody listens)."""

    def __init__(self, host: str, port: int) -> None:
        self.to = (host, port)
        self.flowing = threading.Event()
        self.flowing.set()
        self.delay = 0.0
        self.port = 0
        self.ends: set[socket.socket] = set()
        self.open()

    def open(self) -> None:
        """Listen, on the same port as before."""
        self.server = socket.create_server(("127.0.0.1", self.port))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.server,), daemon=True).start()

    def close(self) -> None:
        """Be gone, as a server that was stopped: connections end, and new ones are refused."""
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for end in list(self.ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.create_connection(self.to)
                self.ends |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            with suppress(OSError):
                while data := source.recv(65536):
                    self.flowing.wait()
                    time.sleep(self.delay)
                    sink.sendall(data)
        finally:
            for end in (source, sink):
                self.ends.discard(end)
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()


# What may happen to PostgreSQL, and how it ends.
FAULTS: dict[str, tuple[Callable[[Proxy], object], Callable[[Proxy], object]]] = {
    "held up": (lambda proxy: proxy.flowing.clear(), lambda proxy: proxy.flowing.set()),
    "slow": (lambda proxy: setattr(proxy, "delay", 0.15), lambda proxy: setattr(proxy, "delay", 0.0)),
    "stopped": (Proxy.close, Proxy.open),
}


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    named = connection.settings_dict
    made = Proxy(named["HOST"] or "127.0.0.1", int(named["PORT"] or 5432))
    yield made
    made.flowing.set()
    with suppress(OSError):
        made.close()


class Web:
    """A web process, or its successor on the same port with the same spool."""

    def __init__(self, interface: str, proxy: Proxy, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.interface, self.proxy, self.folder = interface, proxy, folder
        self.start()

    def start(self) -> None:
        named = connection.settings_dict
        login = f"{quote(named['USER'])}:{quote(named['PASSWORD'])}"
        environment = os.environ | {
            "DEBUG": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": f"postgres://{login}@127.0.0.1:{self.proxy.port}/{named['NAME']}",
            "REDIS_URL": django_settings.REDIS_URL,
            "CLICK_FLOOD_PER_MINUTE": "1000000",
            "CLICK_SPOOL_DIR": str(self.folder),
        }
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "error"]
        threads = ["--blocking-threads", "16"] if self.interface == "wsgi" else []
        what = ["--interface", self.interface, *threads, APPLICATIONS[self.interface]]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "granian", *where, *what],
            cwd=HERE,
            env=environment,
            start_new_session=True,
        )
        wait_for(self.port)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(params=["asgi", "wsgi"])
def served(request: pytest.FixtureRequest, proxy: Proxy, tmp_path: Path) -> Iterator[Web]:
    made = Web(request.param, proxy, tmp_path / "clicks")
    yield made
    with suppress(ProcessLookupError):
        made.kill()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            status, _, _ = get(port, "/r/nosuchcode")
        except OSError:
            status = 0
        if status == 404:
            return
        assert time.monotonic() < deadline, "the server never answered"
        time.sleep(0.1)


def get(port: int, path: str, client: http.client.HTTPConnection | None = None) -> tuple[int, str, float]:
    """Status, location and seconds of one visit."""
    own = client or http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    begun = time.monotonic()
    try:
        own.request("GET", path, headers=BROWSER)
        answer = own.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location", ""), time.monotonic() - begun
    finally:
        if client is None:
            own.close()


def nonce_of(location: str) -> UUID:
    receipt = click_ids.verify_click_id(parse_qs(urlsplit(location).query)["click_id"][0])
    assert receipt is not None
    return receipt.nonce


def nonces_of(locations: list[str]) -> set[UUID]:
    return {nonce_of(location) for location in locations}


def visits(port: int, path: str, *, rate: int, seconds: float) -> "subprocess.Popen[str]":
    """So many visits a second, whether or not those before are answered; see `outcome`."""
    command = [sys.executable, "-m", "benchmarks.arrivals", str(port), path, str(rate), str(seconds)]
    return subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True)


def outcome(process: "subprocess.Popen[str]") -> dict[str, Any]:
    said, _ = process.communicate(timeout=60)
    found: dict[str, Any] = json.loads(said)
    return found


def recorded() -> set[UUID]:
    return set(Click.objects.values_list("id", flat=True))


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_loses_no_acknowledged_click_when_every_process_is_killed(served: Web, link: Link) -> None:
    coming = visits(served.port, f"/r/{link.code}", rate=300, seconds=3)
    time.sleep(2)
    served.kill()
    acknowledged = nonces_of(outcome(coming)["locations"])
    assert len(acknowledged) > 100
    # In the database, or where it was slow for a moment, on disk for the next process.
    served.start()
    wait_until(lambda: acknowledged <= recorded(), "an acknowledged click is lost")


@pytest.mark.parametrize("fault", FAULTS)
def test_answers_in_time_whatever_happens_to_the_database_and_records_when_it_is_back(
    served: Web, proxy: Proxy, link: Link, fault: str
) -> None:
    path = f"/r/{link.code}"
    get(served.port, path)
    begin, end = FAULTS[fault]
    coming = visits(served.port, path, rate=100, seconds=6)
    time.sleep(1.5)
    begin(proxy)
    time.sleep(3)
    end(proxy)
    found = outcome(coming)
    assert (found["statuses"], found["errors"]) == ({"302": found["answers"]}, 0)
    assert found["worst_sent"] < 0.25
    acknowledged = nonces_of(found["locations"])
    assert len(acknowledged) == found["answers"] > 500
    wait_until(lambda: acknowledged <= recorded(), "recording did not go on by itself")
    # What staff see: nothing was lost, and so much came late.
    assert sum(ClickLoss.objects.values_list("count", flat=True)) == 0
    assert sum(ClickLoss.objects.values_list("late", flat=True)) > 100


def test_brings_what_a_killed_process_has_answered_while_the_database_was_away(
    served: Web, proxy: Proxy, link: Link
) -> None:
    path = f"/r/{link.code}"
    get(served.port, path)
    proxy.close()
    coming = visits(served.port, path, rate=100, seconds=2)
    time.sleep(1.5)
    served.kill()
    acknowledged = nonces_of(outcome(coming)["locations"])
    assert len(acknowledged) > 50
    assert not acknowledged & recorded()
    proxy.open()
    served.start()
    wait_until(lambda: acknowledged <= recorded(), "the next process did not bring them")


def test_learns_within_five_seconds_what_changes_elsewhere(served: Web, link: Link) -> None:
    path = f"/r/{link.code}"

    def seconds_until(true: Callable[[str], object], path: str = path) -> None:
        begun = time.monotonic()
        while not true(get(served.port, path)[1]):
            assert time.monotonic() - begun < 5
            time.sleep(0.05)

    assert "click_id=" in get(served.port, path)[1]
    tracking_links.update_link(link=link, target="https://shop.example/new", now=timezone.now(), by=None)
    seconds_until(lambda location: location.startswith("https://shop.example/new"))
    tracking_links.pause_link(link=link, now=timezone.now(), by=None)
    seconds_until(lambda location: location == "https://shop.example/new")
    tracking_links.resume_link(link=link, now=timezone.now(), by=None)
    seconds_until(lambda location: "click_id=" in location)
    status_history.change_status(
        affiliate=link.affiliate, to=State.SUSPENDED, now=timezone.now(), by=None, reason="a test"
    )
    seconds_until(lambda location: "click_id=" not in location)


def test_knows_a_new_link_at_once_and_one_that_it_was_asked_for_before_within_five_seconds(
    served: Web, link: Link
) -> None:
    fresh = tracking_links.create_link(
        affiliate=link.affiliate, target="https://shop.example/", now=timezone.now(), by=None
    )
    assert get(served.port, f"/r/{fresh.code}")[0] == 302
    assert get(served.port, "/r/foretold")[0] == 404
    Link.objects.filter(pk=fresh.pk).update(code="foretold")
    begun = time.monotonic()
    while get(served.port, "/r/foretold")[0] != 302:
        assert time.monotonic() - begun < 5
        time.sleep(0.05)


def test_needs_no_valkey(proxy: Proxy, link: Link, tmp_path: Path, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    web = Web("wsgi", proxy, tmp_path)
    try:
        status, location, seconds = get(web.port, f"/r/{link.code}")
        assert (status, seconds < 0.25) == (302, True)
        assert nonce_of(location) in recorded()
    finally:
        web.kill()
