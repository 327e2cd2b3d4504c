"""The in-process link cache of the redirect."""

import asyncio
import threading
import time
from collections.abc import Collection, Iterator
from types import SimpleNamespace
from unittest.mock import patch
from uuid import UUID

import pytest

from tests.coroutines import run_coroutine
from tests.tracking.click_writing import wait_until
from tests.tracking.waiting import Wait, record_waits
from tracking.clicks import link_cache as module
from tracking.clicks.link_cache import LinkCache, LinkUnavailableError
from tracking.clicks.link_loader import RedirectLink


def build_link(target: str) -> RedirectLink:
    return RedirectLink(UUID(int=1), target, frozenset(), ("", "", "", "", ""), None)


class Table:
    """A fake database: links by code, the queries it received, and whether it answers."""

    def __init__(self) -> None:
        self.links: dict[str, RedirectLink] = {"one1": build_link("a")}
        self.queries: list[set[str]] = []
        self.served: list[str] = []
        self.is_down = False
        self.queried = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def load(self, codes: Collection[str]) -> dict[str, RedirectLink]:
        self.queries.append(set(codes))
        self.queried.set()
        self.may_answer.wait(10)
        if self.is_down:
            raise ConnectionError("the database is down")
        return {code: self.links[code] for code in codes if code in self.links}

    def served_since(self, _seconds: float) -> list[str]:
        return self.served


@pytest.fixture
def table() -> Table:
    return Table()


class Clock:
    """The clock of the cache, which only tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def make_links_stale(self) -> None:
        self.now += (module.FRESH_SECONDS + module.MAX_AGE_SECONDS) / 2

    def make_links_too_old(self) -> None:
        self.now += module.MAX_AGE_SECONDS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=time.sleep))
    return clock


@pytest.fixture
def cache(table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkCache]:
    # The database of these tests answers, fails or hangs on command, so a slow machine must not look like a slow database.
    monkeypatch.setattr(module, "WAIT_SECONDS", 30)
    monkeypatch.setattr(module, "_BACK_OFF_SECONDS", 0.02)
    cache = LinkCache(table.load, table.served_since)
    yield cache
    table.may_answer.set()
    cache.stop()


def get_target(cache: LinkCache, code: str = "one1") -> str | None:
    link = cache.get(code)
    return link.target if link is not None else None


def test_fresh_link_is_loaded_once(cache: LinkCache, table: Table) -> None:
    assert [get_target(cache) for _ in range(100)] == ["a"] * 100
    assert table.queries == [{"one1"}]


def test_changed_link_takes_effect_within_five_seconds() -> None:
    assert module.FRESH_SECONDS < module.MAX_AGE_SECONDS
    assert module.MAX_AGE_SECONDS + module.WAIT_SECONDS < 5


def test_link_older_than_max_age_is_reloaded_before_it_is_served(cache: LinkCache, table: Table, clock: Clock) -> None:
    assert get_target(cache) == "a"
    table.links["one1"] = build_link("b")
    clock.make_links_too_old()
    assert get_target(cache) == "b"


def test_stale_link_is_served_and_refreshed(cache: LinkCache, table: Table, clock: Clock) -> None:
    assert get_target(cache) == "a"
    table.links["one1"] = build_link("b")
    table.may_answer.clear()
    clock.make_links_stale()
    with record_waits() as waits:
        assert get_target(cache) == "a"  # no longer fresh but not too old: served and refreshed
    assert waits == []
    table.may_answer.set()
    wait_until(lambda: get_target(cache) == "b")


def test_new_link_is_found_after_max_age(cache: LinkCache, table: Table, clock: Clock) -> None:
    assert get_target(cache, "new1") is None
    table.links["new1"] = build_link("n")
    clock.make_links_too_old()
    assert get_target(cache, "new1") == "n"


def test_unknown_code_is_queried_once(cache: LinkCache, table: Table) -> None:
    for _ in range(50):
        assert get_target(cache, "nope") is None
    assert table.queries == [{"nope"}]


def test_cached_link_is_served_while_database_is_down(cache: LinkCache, table: Table, clock: Clock) -> None:
    assert get_target(cache) == "a"
    table.is_down = True
    clock.make_links_too_old()
    with record_waits() as waits:
        assert [get_target(cache) for _ in range(50)] == ["a"] * 50
    assert len(waits) == 1
    table.is_down = False
    table.links["one1"] = build_link("b")
    wait_until(lambda: get_target(cache) == "b")


def test_cached_link_is_served_in_time_while_database_hangs(
    cache: LinkCache, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get_target(cache) == "a"
    table.may_answer.clear()
    clock.make_links_too_old()
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    with record_waits() as waits:
        assert [get_target(cache) for _ in range(20)] == ["a"] * 20
    # Only the first request waits, and gives up before the database answers.
    assert waits == [Wait(0.05, is_complete=False)]


def test_request_waits_at_most_a_tenth_of_a_second() -> None:
    assert module.WAIT_SECONDS <= 0.1


def test_uncached_link_is_unavailable_while_database_is_down(cache: LinkCache, table: Table) -> None:
    get_target(cache)
    table.is_down = True
    with pytest.raises(LinkUnavailableError):
        cache.get("other1")
    with record_waits() as waits:
        for _ in range(20):
            with pytest.raises(LinkUnavailableError):
                cache.get("other2")
    assert waits == []


def test_link_served_by_other_process_is_cached_before_first_request(cache: LinkCache, table: Table) -> None:
    table.links["two2"] = build_link("t")
    table.served = ["two2"]
    get_target(cache)
    cache.start(30)  # started already: waits for the links that others served
    table.is_down = True
    assert get_target(cache, "two2") == "t"


def test_async_lookups_share_a_query(cache: LinkCache, table: Table) -> None:
    async def look_up() -> list[RedirectLink | None]:
        return await asyncio.gather(*(cache.get_async("one1") for _ in range(50)))

    assert run_coroutine(look_up()) == [build_link("a")] * 50
    # Requests that came during the first query may have caused a second one.
    assert len(table.queries) <= 2


def test_thousand_codes_are_loaded_in_few_queries(cache: LinkCache, table: Table) -> None:
    async def look_up() -> None:
        # All thousand come during the first query, so that the number of queries does not depend on speed.
        table.may_answer.clear()
        first = asyncio.create_task(cache.get_async("first1"))
        await asyncio.to_thread(table.queried.wait, 10)
        others = [asyncio.create_task(cache.get_async(f"code{number}")) for number in range(1000)]
        await asyncio.sleep(0)
        table.may_answer.set()
        await asyncio.gather(first, *others)

    run_coroutine(look_up())
    assert [len(codes) for codes in table.queries] == [1, 500, 500]


def test_start_loads_links_served_by_other_processes(cache: LinkCache, table: Table) -> None:
    table.served = ["one1"]
    cache.start(30)
    table.is_down = True
    assert get_target(cache) == "a"


def test_start_does_not_wait_while_database_hangs(
    cache: LinkCache, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.served = ["one1"]
    table.may_answer.clear()
    synced = cache._synced
    with patch.object(synced, "wait", wraps=synced.wait) as wait:
        cache.start(0.2)
    wait.assert_called_once_with(0.2)
    assert not synced.is_set()
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    with record_waits() as waits, pytest.raises(LinkUnavailableError):
        cache.get("one1")
    assert waits == [Wait(0.05, is_complete=False)] * module.UNKNOWN_WAITS
    # The next ones do not wait until the database answers.
    with record_waits() as waits, pytest.raises(LinkUnavailableError):
        cache.get("two2")
    assert waits == []


@pytest.mark.parametrize("is_async", [False, True])
def test_new_link_is_served_although_the_database_is_slow(
    is_async: bool, cache: LinkCache, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get_target(cache) == "a"
    table.links["new1"] = build_link("n")
    table.may_answer.clear()
    clock.make_links_too_old()
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.02)
    assert get_target(cache) == "a"  # gives up, because the last known target will do
    assert not cache.is_healthy
    note_timeout = cache._note_timeout

    def answer_after_third_wait(lookup: module.CacheLookup) -> module.CacheLookup:
        if lookup.waits == module.UNKNOWN_WAITS - 2:
            monkeypatch.setattr(module, "WAIT_SECONDS", 30)
            table.may_answer.set()
        return note_timeout(lookup)

    with patch.object(cache, "_note_timeout", answer_after_third_wait):
        link = run_coroutine(cache.get_async("new1")) if is_async else cache.get("new1")
    assert link == build_link("n")


def test_unknown_code_waits_for_about_a_second() -> None:
    assert module.UNKNOWN_WAITS * module.WAIT_SECONDS <= 1
