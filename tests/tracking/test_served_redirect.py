"""The redirect in server processes as in production."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from affiliates import status_history
from affiliates.models import State
from agreements.models import Acceptance, AgreementVersion, Program
from tests.factories import make_affiliate
from tests.tracking.served_redirect import Proxy, WebServer, get_outcome, start_visits, visit
from tracking.clicks import click_ids
from tracking.links import tracking_links
from tracking.models import Click, ClickLoss, Link

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


# What can happen to PostgreSQL: how it starts, and how it ends.
FAULTS: dict[str, tuple[Callable[[Proxy], object], Callable[[Proxy], object]]] = {
    "held up": (lambda proxy: proxy.flowing.clear(), lambda proxy: proxy.flowing.set()),
    "slow": (lambda proxy: setattr(proxy, "delay", 0.15), lambda proxy: setattr(proxy, "delay", 0.0)),
    "stopped": (Proxy.close, Proxy.open),
}


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


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    database = connection.settings_dict
    proxy = Proxy(database["HOST"] or "127.0.0.1", int(database["PORT"] or 5432))
    yield proxy
    proxy.flowing.set()
    with suppress(OSError):
        proxy.close()


@pytest.fixture(params=["asgi", "wsgi"])
def server(request: pytest.FixtureRequest, proxy: Proxy, tmp_path: Path) -> Iterator[WebServer]:
    server = WebServer(request.param, proxy, tmp_path / "clicks")
    yield server
    with suppress(ProcessLookupError):
        server.kill()


def extract_nonce(location: str) -> UUID:
    token = click_ids.verify_click_id(parse_qs(urlsplit(location).query)["click_id"][0])
    assert token is not None
    return token.nonce


def extract_nonces(locations: list[str]) -> set[UUID]:
    # A request that was not answered has no location.
    return {extract_nonce(location) for location in locations if location}


def get_recorded_ids() -> set[UUID]:
    return set(Click.objects.values_list("id", flat=True))


def wait_until(condition: Callable[[], bool], message: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.2)


def test_acknowledged_clicks_survive_kill(server: WebServer, link: Link) -> None:
    visits = start_visits(server.port, f"/r/{link.code}", rate=300, seconds=3)
    time.sleep(2)
    server.kill()
    acknowledged = extract_nonces(get_outcome(visits)["locations"])
    assert len(acknowledged) > 100
    # They are in the database, or on disk for the next process if it was slow for a moment.
    server.start()
    wait_until(lambda: acknowledged <= get_recorded_ids(), "an acknowledged click is lost")


@pytest.mark.parametrize("fault", FAULTS)
def test_redirect_answers_during_database_fault_and_loses_no_click(
    server: WebServer, proxy: Proxy, link: Link, fault: str
) -> None:
    path = f"/r/{link.code}"
    visit(server.port, path)
    start_fault, end_fault = FAULTS[fault]
    visits = start_visits(server.port, path, rate=100, seconds=4.5)
    time.sleep(1)
    start_fault(proxy)
    time.sleep(2)
    # The database still cannot answer when these do. `benchmarks/outage.py` measures how long redirects take.
    during = [visit(server.port, path) for _ in range(50)]
    end_fault(proxy)
    outcome = get_outcome(visits)
    assert (outcome["statuses"], outcome["errors"]) == ({"302": outcome["answers"]}, 0)
    assert {status for status, _location in during} == {302}
    acknowledged = extract_nonces(outcome["locations"])
    assert len(acknowledged) == outcome["answers"] > 350
    acknowledged |= extract_nonces([location for _status, location in during])
    wait_until(lambda: acknowledged <= get_recorded_ids(), "the clicks were not recorded after the fault")
    # Staff see that nothing was lost, and how many clicks were recorded late.
    assert sum(ClickLoss.objects.values_list("count", flat=True)) == 0
    assert sum(ClickLoss.objects.values_list("late", flat=True)) > 100


def test_clicks_spooled_by_killed_process_are_recorded_by_next(server: WebServer, proxy: Proxy, link: Link) -> None:
    path = f"/r/{link.code}"
    visit(server.port, path)
    proxy.close()
    visits = start_visits(server.port, path, rate=100, seconds=2)
    time.sleep(1.5)
    server.kill()
    acknowledged = extract_nonces(get_outcome(visits)["locations"])
    assert len(acknowledged) > 50
    assert not acknowledged & get_recorded_ids()
    proxy.open()
    server.start()
    wait_until(lambda: acknowledged <= get_recorded_ids(), "the next process did not record them")


# That they take effect within five seconds follows from the ages of `test_link_cache.py`.
def test_changes_take_effect(server: WebServer, link: Link) -> None:
    path = f"/r/{link.code}"

    def wait_for_location(condition: Callable[[str], object]) -> None:
        wait_until(lambda: bool(condition(visit(server.port, path)[1])), "the change took no effect")

    assert "click_id=" in visit(server.port, path)[1]
    tracking_links.update_link(link=link, target="https://shop.example/new", now=timezone.now(), by=None)
    wait_for_location(lambda location: location.startswith("https://shop.example/new"))
    tracking_links.pause_link(link=link, now=timezone.now(), by=None)
    wait_for_location(lambda location: location == "https://shop.example/new")
    tracking_links.resume_link(link=link, now=timezone.now(), by=None)
    wait_for_location(lambda location: "click_id=" in location)
    status_history.change_status(
        affiliate=link.affiliate, to=State.SUSPENDED, now=timezone.now(), by=None, reason="a test"
    )
    wait_for_location(lambda location: "click_id=" not in location)


def test_new_link_works_at_once_or_later_if_it_was_requested_before(server: WebServer, link: Link) -> None:
    fresh = tracking_links.create_link(
        affiliate=link.affiliate, target="https://shop.example/", now=timezone.now(), by=None
    )
    assert visit(server.port, f"/r/{fresh.code}")[0] == 302
    assert visit(server.port, "/r/requested")[0] == 404
    Link.objects.filter(pk=fresh.pk).update(code="requested")
    wait_until(lambda: visit(server.port, "/r/requested")[0] == 302, "the new link does not work")


@pytest.mark.parametrize("is_listening", [False, True], ids=["refused", "silent"])
def test_redirect_works_without_valkey(
    proxy: Proxy, link: Link, tmp_path: Path, settings: Settings, is_listening: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # A Valkey that never answers would show that it is waited for: `visit` gives up after 10 seconds.
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1] if is_listening else 1}/0"
        server = WebServer("wsgi", proxy, tmp_path)
        try:
            status, location = visit(server.port, f"/r/{link.code}")
            assert status == 302
            assert extract_nonce(location) in get_recorded_ids()
        finally:
            server.kill()
