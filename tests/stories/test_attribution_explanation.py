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

from portal import data_archive
from tests.scenarios import build_line
from tests.stories.attribution_program import ScriptedProgram, alter_click_id, parse_2026, sign_click
from tests.stories.order_questions import NOON, QUESTIONS, OrderQuestion, report_again, settle
from tracking.orders import attribution_explanation, reason_texts

pytestmark = pytest.mark.django_db

COMPLETED = {"completed": "2026-03-10T13:00:00Z"}


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> None:
    cache.clear()


def happens(program: ScriptedProgram, question: OrderQuestion) -> None:
    for step in question.before:
        step(program)
    if settle in question.after:
        program.order_facts = COMPLETED
    given = question.click(program) if question.click else None
    sent = {"reported_again": "03-10T14:00"} if program.order_facts else {}
    program.sell("A1", question.placed, coupon=question.coupon, click=given, **program.order_facts, **sent)
    for step in question.after:
        step(program)


def ask(program: ScriptedProgram, asker: str, order_id: str = "A1") -> tuple[int, str]:
    """The status and the page that somebody gets who asks about the order with the shop's number `order_id`."""
    client = Client()
    client.force_login(program.people[asker].user)
    answer = client.get("/commissions/find/", {"order": order_id}, follow=True)
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
    [card] = re.findall(r"<h2>\s*Why (?:you|this) .*?</section>", page, re.DOTALL)
    heading = re.search(r"<h2>(.*?)</h2>", card, re.DOTALL)
    assert heading
    return words(heading[1]), tuple(words(text) for text in re.findall(r"<p>(.*?)</p>", card, re.DOTALL))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question.asker}: {question.title}")
def test_in_words(question: OrderQuestion, program: ScriptedProgram) -> None:
    happens(program, question)
    status, page = ask(program, question.asker)
    assert status == 200
    heading, paragraphs = answer_on(page)
    assert paragraphs == question.answer
    mine = program.people[question.asker].orders.exists()
    assert heading == ("Why you earned this" if mine else "Why this order is not credited to you")
    # Each clause is a link to the text that says so.
    for said in paragraphs:
        number = said.rsplit(" ", 1)[1]
        assert re.search(rf'href="/agreement/versions/[0-9a-f-]+/#clause-{re.escape(number)}"', page), number


def test_that_every_sentence_of_has_a_story() -> None:
    """Each text in the two modules that answer stands in an answer of the table."""
    told = [said for question in QUESTIONS for said in question.answer]
    for module in (attribution_explanation, reason_texts):
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
def test_that_names_nothing_of_theirs_answers_as_one_that_there_is_not(order_id: str, program: ScriptedProgram) -> None:
    program.sell("A1", NOON, coupon="ANN", click=sign_click("ANN", "03-10T11:00")(program))
    status, page = ask(program, "BEN", order_id)
    assert status == (404 if order_id.strip() else 200)
    if order_id.strip():
        missing = ask(program, "BEN", "MISSING")
        shown = html.escape(order_id.strip())
        assert (status, main_of(page).replace(shown, "?")) == (404, main_of(missing[1]).replace("MISSING", "?"))


def test_that_is_asked_for_by_its_number_as_people_write_it(program: ScriptedProgram) -> None:
    program.sell("A1", NOON, coupon="ANN")
    for written in ("A1", " A1 ", "#A1"):
        assert ask(program, "ANN", written)[0] == 200


def test_is_not_found_by_trying_many_numbers(program: ScriptedProgram, monkeypatch) -> None:
    monkeypatch.setattr(settings, "ORDER_LOOKUPS_PER_HOUR", 3)
    program.sell("A1", NOON, coupon="ANN")
    assert [ask(program, "CAT", f"{number}")[0] for number in range(4)] == [404, 404, 404, 429]
    assert "You have looked up too many orders" in ask(program, "CAT", "A1")[1]
    assert ask(program, "ANN", "A1")[0] == 200


# Somebody else's order, as different as it can be: who has it, what was bought, how it went.
OTHERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "of other goods": {
        "lines": [build_line("1", "sports-garden", "873.21"), build_line("2", "toys-hobbies", "64.99", "10.00")]
    },
    "completed": {"completed": "2026-03-10T13:00:00Z"},
    "cancelled": {"status": "cancelled"},
    "from elsewhere": {"customer": {"ref": "other", "country": "Iceland"}},
}


@pytest.mark.parametrize("asker", ["ANN", "BEN"])
def test_of_another_tells_nothing_of_it(asker: str, program: ScriptedProgram) -> None:
    """Ben asks by his click about an order of a coupon of Ann's; Ann by a coupon that is Ben's since."""
    program.unbind("ANN", "03-01")
    program.bind("BEN", "ANN", "03-01", when="03-01")
    program.bind("ANN", "SPRING", "03-01")
    named: dict[str, Any] = {"coupon": "ANN"}
    if asker == "BEN":
        named = {"coupon": "SPRING", "click": sign_click("BEN", "03-10T11:00")(program)}
    pages = set()
    for number, facts in enumerate(OTHERS.values()):
        result = program.sell(f"A{number}", NOON, reported_again="03-10T14:00", **named, **facts)
        assert result.affiliate == {"ANN": "BEN", "BEN": "ANN"}[asker]
        pages.add(without_ids(program, asker, f"A{number}"))
    # When it was placed, who it is that has it, and that for them it may not count: nothing of it shows.
    program.sell("B1", parse_2026("03-10T18:00"), **named)
    pages.add(without_ids(program, asker, "B1"))
    program.suspend({"ANN": "BEN", "BEN": "ANN"}[asker], "03-10T20:00")
    program.sell("B2", parse_2026("03-10T21:00"), **named)
    pages.add(without_ids(program, asker, "B2"))
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


def without_ids(program: ScriptedProgram, asker: str, order_id: str) -> str:
    status, page = ask(program, asker, order_id)
    assert status == 200
    return main_of(page).replace(order_id, "?")


def test_of_ones_own_does_not_name_the_coupon_of_another(program: ScriptedProgram) -> None:
    program.order_facts = COMPLETED
    program.bind("BEN", "TOPSECRET", "03-01")
    program.sell("A1", NOON, coupon="ANN", reported_again="03-10T14:00", **COMPLETED)
    settle(program)
    report_again("05-10", coupon="TOPSECRET")(program)
    status, page = ask(program, "ANN")
    assert (status, "TOPSECRET" in page, "Ben" in page) == (200, False, False)
    # And one with a click of hers beside a coupon that is nobody's, and later somebody's.
    program.sell("A2", NOON, coupon="LATER", click=sign_click("ANN", "03-10T11:00")(program))
    assert "LATER" not in ask(program, "ANN", "A2")[1]
    program.sell("A3", NOON, coupon="ann")
    with zipfile.ZipFile(
        io.BytesIO(data_archive.build_archive(affiliate=program.people["ANN"], now=parse_2026("05-11")))
    ) as archive:
        orders = json.loads(archive.read("data/orders.json"))
    assert {row["order_id"]: row["coupon_code"] for row in orders} == {"A1": "", "A2": "", "A3": "ann"}


def test_by_its_key_is_for_whoever_may_ask_for_it_by_its_number(program: ScriptedProgram) -> None:
    program.sell("A1", NOON, coupon="ANN", click=alter_click_id("BEN", "03-10T11:00", 75)(program))
    seen = {}
    for asker in ("ANN", "BEN", "CAT"):
        client = Client()
        client.force_login(program.people[asker].user)
        key = program.people["ANN"].orders.get().pk
        seen[asker] = client.get(f"/commissions/{key}/").status_code, ask(program, asker)[0]
    assert seen == {"ANN": (200, 200), "BEN": (200, 200), "CAT": (404, 404)}


def test_says_nothing_of_a_completion_beside_a_cancellation(program: ScriptedProgram) -> None:
    program.sell("A1", parse_2026("03-10T12:00"), coupon="ANN", reported_again="03-10T14:00", **COMPLETED)
    assert words(main_of(ask(program, "ANN")[1])).count("10 Mar 2026") == 2, (
        "when it was placed, and when it was completed"
    )
    program.sell(
        "A1", parse_2026("03-10T12:00"), coupon="ANN", **COMPLETED, reported_again="03-11T12:00", status="cancelled"
    )
    shown = words(main_of(ask(program, "ANN")[1]))
    assert shown.count("10 Mar 2026") == 1, shown
