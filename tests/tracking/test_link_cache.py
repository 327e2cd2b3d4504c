"""The in-process link cache of the redirect."""

import asyncio
import threading
import time
from collections.abc import Collection, Iterator
from uuid import UUID

import pytest

from tracking.clicks import link_cache as module
from tracking.clicks.link_cache import LinkCache, LinkUnavailableError
from tracking.clicks.link_loader import RedirectLink

pytestmark = pytest.mark.serial


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


@pytest.fixture
def cache(table: Table, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkCache]:
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.1)
    monkeypatch.setattr(module, "MAX_AGE_SECONDS", 0.3)
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


def test_link_older_than_max_age_is_reloaded_before_it_is_served(cache: LinkCache, table: Table) -> None:
    assert get_target(cache) == "a"
    table.links["one1"] = build_link("b")
    time.sleep(0.31)
    assert get_target(cache) == "b"


def test_stale_link_is_served_and_refreshed(cache: LinkCache, table: Table) -> None:
    assert get_target(cache) == "a"
    table.links["one1"] = build_link("b")
    time.sleep(0.15)
    assert get_target(cache) == "a"  # no longer fresh but not too old: served and refreshed
    time.sleep(0.05)
    assert get_target(cache) == "b"


def test_new_link_is_found_after_max_age(cache: LinkCache, table: Table) -> None:
    assert get_target(cache, "new1") is None
    table.links["new1"] = build_link("n")
    time.sleep(0.31)
    assert get_target(cache, "new1") == "n"


def test_unknown_code_is_queried_once(cache: LinkCache, table: Table) -> None:
    for _ in range(50):
        assert get_target(cache, "nope") is None
    assert table.queries == [{"nope"}]


def test_cached_link_is_served_while_database_is_down(cache: LinkCache, table: Table) -> None:
    assert get_target(cache) == "a"
    table.is_down = True
    time.sleep(0.31)
    started = time.monotonic()
    assert [get_target(cache) for _ in range(50)] == ["a"] * 50
    assert time.monotonic() - started < 0.25
    table.is_down = False
    table.links["one1"] = build_link("b")
    time.sleep(0.1)
    cache.get("one1")
    time.sleep(0.1)
    assert get_target(cache) == "b"


def test_cached_link_is_served_in_time_while_database_hangs(cache: LinkCache, table: Table) -> None:
    assert get_target(cache) == "a"
    table.may_answer.clear()
    time.sleep(0.31)
    durations = []
    for _ in range(20):
        started = time.monotonic()
        assert get_target(cache) == "a"
        durations.append(time.monotonic() - started)
    assert max(durations) < 0.2
    assert max(durations[1:]) < 0.05


def test_uncached_link_is_unavailable_while_database_is_down(cache: LinkCache, table: Table) -> None:
    get_target(cache)
    table.is_down = True
    with pytest.raises(LinkUnavailableError):
        cache.get("other1")
    started = time.monotonic()
    for _ in range(20):
        with pytest.raises(LinkUnavailableError):
            cache.get("other2")
    assert time.monotonic() - started < 0.1


def test_link_served_by_other_process_is_cached_before_first_request(cache: LinkCache, table: Table) -> None:
    table.links["two2"] = build_link("t")
    table.served = ["two2"]
    get_target(cache)
    time.sleep(0.1)
    table.is_down = True
    assert get_target(cache, "two2") == "t"


def test_async_lookups_share_a_query(cache: LinkCache, table: Table) -> None:
    async def look_up() -> list[RedirectLink | None]:
        return await asyncio.gather(*(cache.get_async("one1") for _ in range(50)))

    assert asyncio.run(look_up()) == [build_link("a")] * 50
    # Requests that came during the first query may have caused a second one.
    assert len(table.queries) <= 2


def test_thousand_codes_are_loaded_in_few_queries(
    cache: LinkCache, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 60)
    monkeypatch.setattr(module, "MAX_AGE_SECONDS", 60)

    async def look_up() -> None:
        # All thousand come during the first query, so that the number of queries does not depend on speed.
        table.may_answer.clear()
        first = asyncio.create_task(cache.get_async("first1"))
        await asyncio.to_thread(table.queried.wait, 10)
        others = [asyncio.create_task(cache.get_async(f"code{number}")) for number in range(1000)]
        await asyncio.sleep(0)
        table.may_answer.set()
        await asyncio.gather(first, *others)

    asyncio.run(look_up())
    assert [len(codes) for codes in table.queries] == [1, 500, 500]


def test_start_loads_links_served_by_other_processes(cache: LinkCache, table: Table) -> None:
    table.served = ["one1"]
    cache.start(5)
    table.is_down = True
    assert get_target(cache) == "a"


def test_start_does_not_wait_while_database_hangs(cache: LinkCache, table: Table) -> None:
    table.served = ["one1"]
    table.may_answer.clear()
    started = time.monotonic()
    cache.start(0.2)
    assert time.monotonic() - started < 0.4
    started = time.monotonic()
    with pytest.raises(LinkUnavailableError):
        cache.get("one1")
    assert time.monotonic() - started < 0.2
