"""An affiliate who asks about an order by the shop's number reads whose it is and why, and nothing of anybody else."""

import ast
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from portal import my_data
from tests.stories.asking import NOON, QUESTIONS, Question, news, settled
from tests.stories.attributing import Place, altered, at, click
from tests.worlds import line
from tracking.orders import attribution_explanation, attribution_words

pytestmark = pytest.mark.django_db

COMPLETED = {"completed": "2026-03-10T13:00:00Z"}


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> None:
    cache.clear()


def happens(place: Place, question: Question) -> None:
    for step in question.before:
        step(place)
    if settled in question.after:
        place.told = COMPLETED
    given = question.click(place) if question.click else None
    sent = {"news": "03-10T14:00"} if place.told else {}
    place.sell("A1", question.placed, coupon=question.coupon, click=given, **place.told, **sent)
    for step in question.after:
        step(place)


def ask(place: Place, asker: str, order_id: str = "A1") -> tuple[int, str]:
    """The status and the page that somebody gets who asks about the order with the shop's number `order_id`."""
    client = Client()
    client.force_login(place.people[asker].user)
    answer = client.get("/commissions/ask/", {"order": order_id}, follow=True)
    return answer.status_code, answer.content.decode()


def main_of(page: str) -> str:
    """The page without what its frame says of its reader."""
    found = re.search(r"<main.*?</main>", page, re.DOTALL)
    assert found
    return found[0]


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def answer_on(page: str) -> tuple[str, tuple[str, ...]]:
    """The heading, and the paragraphs below it."""
    [card] = re.findall(r"<h2>\s*Why it .*?</section>", page, re.DOTALL)
    heading = re.search(r"<h2>(.*?)</h2>", card, re.DOTALL)
    assert heading
    return words(heading[1]), tuple(words(text) for text in re.findall(r"<p>(.*?)</p>", card, re.DOTALL))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question.asker}: {question.story}")
def test_in_words(question: Question, place: Place) -> None:
    happens(place, question)
    status, page = ask(place, question.asker)
    assert status == 200
    heading, paragraphs = answer_on(page)
    assert paragraphs == question.answer
    mine = place.people[question.asker].orders.exists()
    assert heading == ("Why it is yours" if mine else "Why it does not count for you")
    # Each clause is a link to the text that says so.
    for said in paragraphs:
        number = said.rsplit(" ", 1)[1]
        assert re.search(rf'href="/agreement/versions/[0-9a-f-]+/#clause-{re.escape(number)}"', page), number


def test_that_every_sentence_of_has_a_story() -> None:
    """Each text in the two modules that answer stands in an answer of the table."""
    told = [said for question in QUESTIONS for said in question.answer]
    for module in (attribution_explanation, attribution_words):
        for text in translated(Path(str(module.__file__))):
            pattern = re.escape(text).replace(re.escape("%d"), r"\d+")
            pattern = re.sub(r"%\\\((\w+)\\\)s|%\((\w+)\\\)s|%\\\(\w+\)s", ".+", pattern)
            assert any(re.search(pattern, said) for said in told), text


def translated(file: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(file.read_text())):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("_", "gettext_lazy"):
            [text] = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
            assert isinstance(text, str)
            yield text


@pytest.mark.parametrize(
    "order_id", ["A1", "NONE", "a1", "", "  ", "A1'--", "\x00", "ä", "%", "x" * 300, "../A1", "A1\n"]
)
def test_that_names_nothing_of_theirs_answers_as_one_that_there_is_not(order_id: str, place: Place) -> None:
    place.sell("A1", NOON, coupon="ANN", click=click("ANN", "03-10T11:00")(place))
    status, page = ask(place, "BEN", order_id)
    assert status == (404 if order_id.strip() else 200)
    if order_id.strip():
        missing = ask(place, "BEN", "MISSING")
        shown = html.escape(order_id.strip())
        assert (status, main_of(page).replace(shown, "?")) == (404, main_of(missing[1]).replace("MISSING", "?"))


def test_that_is_asked_for_by_its_number_as_people_write_it(place: Place) -> None:
    place.sell("A1", NOON, coupon="ANN")
    for written in ("A1", " A1 ", "#A1"):
        assert ask(place, "ANN", written)[0] == 200


def test_is_not_found_by_trying_many_numbers(place: Place, monkeypatch) -> None:
    monkeypatch.setattr(settings, "ORDER_QUESTIONS_PER_HOUR", 3)
    place.sell("A1", NOON, coupon="ANN")
    assert [ask(place, "CAT", f"{number}")[0] for number in range(4)] == [404, 404, 404, 429]
    assert "You have asked many questions" in ask(place, "CAT", "A1")[1]
    assert ask(place, "ANN", "A1")[0] == 200


# Somebody else's order, as different as it can be: who has it, what was bought, how it went.
OTHERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "of other goods": {"lines": [line("1", "sports-garden", "873.21"), line("2", "toys-hobbies", "64.99", "10.00")]},
    "completed": {"completed": "2026-03-10T13:00:00Z"},
    "cancelled": {"status": "cancelled"},
    "from elsewhere": {"customer": {"ref": "other", "country": "Iceland"}},
}


@pytest.mark.parametrize("asker", ["ANN", "BEN"])
def test_of_another_tells_nothing_of_it(asker: str, place: Place) -> None:
    """Ben asks by his click about an order of a coupon of Ann's; Ann by a coupon that is Ben's since."""
    place.unbind("ANN", "03-01")
    place.bind("BEN", "ANN", "03-01", when="03-01")
    place.bind("ANN", "SPRING", "03-01")
    named: dict[str, Any] = {"coupon": "ANN"}
    if asker == "BEN":
        named = {"coupon": "SPRING", "click": click("BEN", "03-10T11:00")(place)}
    pages = set()
    for number, facts in enumerate(OTHERS.values()):
        result = place.sell(f"A{number}", NOON, news="03-10T14:00", **named, **facts)
        assert result.affiliate == {"ANN": "BEN", "BEN": "ANN"}[asker]
        pages.add(without_ids(place, asker, f"A{number}"))
    # When it was placed, who it is that has it, and that for them it may not count: nothing of it shows.
    place.sell("B1", at("03-10T18:00"), **named)
    pages.add(without_ids(place, asker, "B1"))
    place.suspend({"ANN": "BEN", "BEN": "ANN"}[asker], "03-10T20:00")
    place.sell("B2", at("03-10T21:00"), **named)
    pages.add(without_ids(place, asker, "B2"))
    [page] = pages
    other = {"ANN": "Ben", "BEN": "Ann"}[asker]
    secrets = [
        other,
        f"{other.lower()}@example.com",
        "10 March",
        "10 Mar",
        "USD",
        "873",
        "Iceland",
        "cancelled",
        "paid by",
    ]
    secrets += ["SPRING"] if asker == "BEN" else []
    told = words(page)
    assert [secret for secret in secrets if secret in told] == []


def without_ids(place: Place, asker: str, order_id: str) -> str:
    status, page = ask(place, asker, order_id)
    assert status == 200
    return main_of(page).replace(order_id, "?")


def test_of_ones_own_does_not_name_the_coupon_of_another(place: Place) -> None:
    place.told = COMPLETED
    place.bind("BEN", "TOPSECRET", "03-01")
    place.sell("A1", NOON, coupon="ANN", news="03-10T14:00", **COMPLETED)
    settled(place)
    news("05-10", coupon="TOPSECRET")(place)
    status, page = ask(place, "ANN")
    assert (status, "TOPSECRET" in page, "Ben" in page) == (200, False, False)
    # And one with a click of hers beside a coupon that is nobody's, and later somebody's.
    place.sell("A2", NOON, coupon="LATER", click=click("ANN", "03-10T11:00")(place))
    assert "LATER" not in ask(place, "ANN", "A2")[1]
    place.sell("A3", NOON, coupon="ann")
    with zipfile.ZipFile(io.BytesIO(my_data.archive(affiliate=place.people["ANN"], now=at("05-11")))) as archive:
        orders = json.loads(archive.read("data/orders.json"))
    assert {row["order_id"]: row["coupon_code"] for row in orders} == {"A1": "", "A2": "", "A3": "ann"}


def test_by_its_key_is_for_whoever_may_ask_for_it_by_its_number(place: Place) -> None:
    place.sell("A1", NOON, coupon="ANN", click=altered("BEN", "03-10T11:00", 75)(place))
    seen = {}
    for asker in ("ANN", "BEN", "CAT"):
        client = Client()
        client.force_login(place.people[asker].user)
        key = place.people["ANN"].orders.get().pk
        seen[asker] = client.get(f"/commissions/{key}/").status_code, ask(place, asker)[0]
    assert seen == {"ANN": (200, 200), "BEN": (200, 200), "CAT": (404, 404)}


def test_says_nothing_of_a_completion_beside_a_cancellation(place: Place) -> None:
    place.sell("A1", at("03-10T12:00"), coupon="ANN", news="03-10T14:00", **COMPLETED)
    assert words(main_of(ask(place, "ANN")[1])).count("10 Mar 2026") == 2, (
        "when it was placed, and when it was completed"
    )
    place.sell("A1", at("03-10T12:00"), coupon="ANN", **COMPLETED, news="03-11T12:00", status="cancelled")
    shown = words(main_of(ask(place, "ANN")[1]))
    assert shown.count("10 Mar 2026") == 1, shown
