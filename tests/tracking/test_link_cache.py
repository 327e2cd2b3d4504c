"""The links in memory ..."""

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


def known(target: str) -> RedirectLink:
    return RedirectLink(UUID(int=1), target, frozenset(), ("", "", "", "", ""), None)


class Table:
    """What stands for the database: links by code, how often it was asked, and whether it answers."""

    def __init__(self) -> None:
        self.links: dict[str, RedirectLink] = {"one1": known("a")}
        self.asked: list[set[str]] = []
        self.served: list[str] = []
        self.away = False
        self.begun = threading.Event()
        self.hung = threading.Event()
        self.hung.set()

    def load(self, codes: Collection[str]) -> dict[str, RedirectLink]:
        self.asked.append(set(codes))
        self.begun.set()
        self.hung.wait(10)
        if self.away:
            raise ConnectionError("the database is away")
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
    made = LinkCache(table.load, table.served_since)
    yield made
    table.hung.set()
    made.stop()


def target(cache: LinkCache, code: str = "one1") -> str | None:
    link = cache.get(code)
    return link.target if link is not None else None


def test_are_asked_for_once_while_they_are_fresh(cache: LinkCache, table: Table) -> None:
    assert [target(cache) for _ in range(100)] == ["a"] * 100
    assert table.asked == [{"one1"}]


def test_are_never_served_older_than_they_may_be(cache: LinkCache, table: Table) -> None:
    assert target(cache) == "a"
    table.links["one1"] = known("b")
    time.sleep(0.31)
    assert target(cache) == "b"


def test_are_renewed_while_they_are_served(cache: LinkCache, table: Table) -> None:
    assert target(cache) == "a"
    table.links["one1"] = known("b")
    time.sleep(0.15)
    assert target(cache) == "a"  # not fresh any more, not old yet: served, and asked for
    time.sleep(0.05)
    assert target(cache) == "b"


def test_are_known_as_soon_as_they_are_made(cache: LinkCache, table: Table) -> None:
    assert target(cache, "new1") is None
    table.links["new1"] = known("n")
    time.sleep(0.31)
    assert target(cache, "new1") == "n"


def test_are_not_asked_for_again_at_each_wrong_guess(cache: LinkCache, table: Table) -> None:
    for _ in range(50):
        assert target(cache, "nope") is None
    assert table.asked == [{"nope"}]


def test_are_served_while_the_database_is_away(cache: LinkCache, table: Table) -> None:
    assert target(cache) == "a"
    table.away = True
    time.sleep(0.31)
    begun = time.monotonic()
    assert [target(cache) for _ in range(50)] == ["a"] * 50
    assert time.monotonic() - begun < 0.25
    table.away = False
    table.links["one1"] = known("b")
    time.sleep(0.1)
    cache.get("one1")
    time.sleep(0.1)
    assert target(cache) == "b"


def test_are_served_in_time_while_the_database_hangs(cache: LinkCache, table: Table) -> None:
    assert target(cache) == "a"
    table.hung.clear()
    time.sleep(0.31)
    took = []
    for _ in range(20):
        begun = time.monotonic()
        assert target(cache) == "a"
        took.append(time.monotonic() - begun)
    assert max(took) < 0.2
    assert max(took[1:]) < 0.05


def test_that_nobody_was_served_are_away_with_the_database_at_once(cache: LinkCache, table: Table) -> None:
    target(cache)
    table.away = True
    with pytest.raises(LinkUnavailableError):
        cache.get("other1")
    begun = time.monotonic()
    for _ in range(20):
        with pytest.raises(LinkUnavailableError):
            cache.get("other2")
    assert time.monotonic() - begun < 0.1


def test_that_others_served_within_the_hour_are_known_before_anybody_asks(cache: LinkCache, table: Table) -> None:
    table.links["two2"] = known("t")
    table.served = ["two2"]
    target(cache)
    time.sleep(0.1)
    table.away = True
    assert target(cache, "two2") == "t"


def test_are_the_same_for_an_event_loop(cache: LinkCache, table: Table) -> None:
    async def ask() -> list[RedirectLink | None]:
        return await asyncio.gather(*(cache.get_async("one1") for _ in range(50)))

    assert asyncio.run(ask()) == [known("a")] * 50
    # Those who came while the first question was under way may have asked once more.
    assert len(table.asked) <= 2


def test_of_a_thousand_codes_are_asked_for_in_a_few_questions(
    cache: LinkCache, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 60)
    monkeypatch.setattr(module, "MAX_AGE_SECONDS", 60)

    async def ask() -> None:
        # All thousand come while the first question is under way: nobody's speed says how many gather behind it.
        table.hung.clear()
        first = asyncio.create_task(cache.get_async("first1"))
        await asyncio.to_thread(table.begun.wait, 10)
        others = [asyncio.create_task(cache.get_async(f"code{number}")) for number in range(1000)]
        await asyncio.sleep(0)
        table.hung.set()
        await asyncio.gather(first, *others)

    asyncio.run(ask())
    assert [len(codes) for codes in table.asked] == [1, 500, 500]


def test_that_others_served_are_known_to_a_process_before_its_first_visit(cache: LinkCache, table: Table) -> None:
    table.served = ["one1"]
    cache.start(5)
    table.away = True
    assert target(cache) == "a"


def test_keep_nobody_from_starting_while_the_database_hangs(cache: LinkCache, table: Table) -> None:
    table.served = ["one1"]
    table.hung.clear()
    begun = time.monotonic()
    cache.start(0.2)
    assert time.monotonic() - begun < 0.4
    begun = time.monotonic()
    with pytest.raises(LinkUnavailableError):
        cache.get("one1")
    assert time.monotonic() - begun < 0.2
