"""Affiliates who look up an order by its number see its attribution, and nothing about other affiliates."""

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
def _clear_rate_limits() -> None:
    cache.clear()


def play(program: ScriptedProgram, question: OrderQuestion) -> None:
    for step in question.before:
        step(program)
    if settle in question.after:
        program.order_facts = COMPLETED
    click_id = question.click(program) if question.click else None
    extra: dict[str, Any] = {"reported_again": "03-10T14:00"} if program.order_facts else {}
    if question.coupons:
        extra["coupons"] = list(question.coupons)
    program.sell("A1", question.placed, coupon=question.coupon, click=click_id, **program.order_facts, **extra)
    for step in question.after:
        step(program)


def look_up(program: ScriptedProgram, asker: str, order_id: str = "A1") -> tuple[int, str]:
    """Return the status and the page for `asker` when they look up the order."""
    client = Client()
    client.force_login(program.affiliates[asker].user)
    response = client.get("/commissions/find/", {"order": order_id}, follow=True)
    return response.status_code, response.content.decode()


def extract_main(page: str) -> str:
    """Return the main part of the page, without its frame."""
    match = re.search(r"<main.*?</main>", page, re.DOTALL)
    assert match
    return match[0]


def strip_tags(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def extract_explanation(page: str) -> tuple[str, tuple[str, ...]]:
    """Return the heading and the paragraphs below it."""
    [card] = re.findall(r"<h2>\s*Why (?:you|this) .*?</section>", page, re.DOTALL)
    heading = re.search(r"<h2>(.*?)</h2>", card, re.DOTALL)
    assert heading
    return strip_tags(heading[1]), tuple(strip_tags(text) for text in re.findall(r"<p>(.*?)</p>", card, re.DOTALL))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question.asker}: {question.title}")
def test_explanation_is_exact(question: OrderQuestion, program: ScriptedProgram) -> None:
    play(program, question)
    status, page = look_up(program, question.asker)
    assert status == 200
    heading, paragraphs = extract_explanation(page)
    assert paragraphs == question.answer
    is_own = program.affiliates[question.asker].orders.exists()
    assert heading == ("Why this order is credited to you" if is_own else "Why this order is not credited to you")
    # Each clause links to its text.
    for paragraph in paragraphs:
        number = paragraph.rsplit(" ", 1)[1]
        assert re.search(rf'href="/agreement/versions/[0-9a-f-]+/#clause-{re.escape(number)}"', page), number


@pytest.mark.parametrize("number", ["A1", " A1\u200b", "#A1", "\ufeff#A1 "], ids=ascii)
def test_order_is_found_by_its_number_as_it_was_copied(program: ScriptedProgram, number: str) -> None:
    program.sell("A1", NOON, coupon="ANN ")
    status, page = look_up(program, "ANN", number)
    assert (status, "The shop sent “ANN ”; it was read as ANN." in page) == (200, True)


@pytest.mark.parametrize("number", ["A2", "A 1", "A1/", "x" * 70, "\u200b\u200b"], ids=ascii)
def test_number_that_no_order_has_is_not_found(program: ScriptedProgram, number: str) -> None:
    program.sell("A1", NOON, coupon="ANN")
    assert look_up(program, "ANN", number)[0] == 404


def test_every_explanation_text_is_tested() -> None:
    paragraphs = [paragraph for question in QUESTIONS for paragraph in question.answer]
    for module in (attribution_explanation, reason_texts):
        for text in list_translated_texts(Path(str(module.__file__))):
            pattern = re.escape(text).replace(re.escape("%d"), r"\d+")
            pattern = re.sub(r"%\\\((\w+)\\\)s|%\((\w+)\\\)s|%\\\(\w+\)s", ".+", pattern)
            assert any(re.search(pattern, paragraph) for paragraph in paragraphs), text


def list_translated_texts(file: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(file.read_text())):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("_", "gettext_lazy"):
            [text] = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
            assert isinstance(text, str)
            yield text


def cut_question(page: str) -> str:
    """Return the main part without the prepared message to the program, whose address has the number encoded."""
    return re.sub(r"\?subject=[^\"]*", "", extract_main(page))


@pytest.mark.parametrize("order_id", ["A1", "NONE", "a1", "", "  ", "A1'--", "ä", "%", "x" * 300, "../A1", "A1\n"])
def test_order_of_others_looks_like_a_missing_order(order_id: str, program: ScriptedProgram) -> None:
    program.sell("A1", NOON, coupon="ANN", click=sign_click("ANN", "03-10T11:00")(program))
    status, page = look_up(program, "BEN", order_id)
    assert status == (404 if order_id.strip() else 200)
    if order_id.strip():
        missing = look_up(program, "BEN", "MISSING")
        shown = html.escape(order_id.strip())
        assert (status, cut_question(page).replace(shown, "?")) == (
            404,
            cut_question(missing[1]).replace("MISSING", "?"),
        )


def test_order_number_may_have_spaces_or_hash_sign(program: ScriptedProgram) -> None:
    program.sell("A1", NOON, coupon="ANN")
    for written in ("A1", " A1 ", "#A1"):
        assert look_up(program, "ANN", written)[0] == 200


def test_number_of_lookups_is_limited(program: ScriptedProgram, monkeypatch) -> None:
    monkeypatch.setattr(settings, "ORDER_LOOKUPS_PER_HOUR", 3)
    program.sell("A1", NOON, coupon="ANN")
    assert [look_up(program, "CAT", f"{number}")[0] for number in range(4)] == [404, 404, 404, 429]
    assert "You have looked up too many orders" in look_up(program, "CAT", "A1")[1]
    assert look_up(program, "ANN", "A1")[0] == 200


# Different orders of another affiliate.
OTHERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "other goods": {
        "lines": [build_line("1", "sports-garden", "873.21"), build_line("2", "toys-hobbies", "64.99", "10.00")]
    },
    "completed": {"completed": "2026-03-10T13:00:00Z"},
    "cancelled": {"status": "cancelled"},
    "other country": {"customer": {"ref": "other", "country": "Iceland"}},
}


@pytest.mark.parametrize("asker", ["ANN", "BEN"])
def test_explanation_reveals_nothing_about_order_of_others(asker: str, program: ScriptedProgram) -> None:
    """Ben has a click in an order with Ann's coupon; Ann looks up orders with a coupon that Ben has now."""
    program.unassign("ANN", "03-01")
    program.assign("BEN", "ANN", "03-01", when="03-01")
    program.assign("ANN", "SPRING", "03-01")
    references: dict[str, Any] = {"coupon": "ANN"}
    if asker == "BEN":
        references = {"coupon": "SPRING", "click": sign_click("BEN", "03-10T11:00")(program)}
    pages = set()
    for number, facts in enumerate(OTHERS.values()):
        result = program.sell(f"A{number}", NOON, reported_again="03-10T14:00", **references, **facts)
        assert result.affiliate == {"ANN": "BEN", "BEN": "ANN"}[asker]
        pages.add(read_page_without_ids(program, asker, f"A{number}"))
    # The time of the order, its affiliate and a denial must not show either.
    program.sell("B1", parse_2026("03-10T18:00"), **references)
    pages.add(read_page_without_ids(program, asker, "B1"))
    program.suspend({"ANN": "BEN", "BEN": "ANN"}[asker], "03-10T20:00")
    program.sell("B2", parse_2026("03-10T21:00"), **references)
    pages.add(read_page_without_ids(program, asker, "B2"))
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
    text = strip_tags(page)
    assert [secret for secret in secrets if secret in text] == []


def read_page_without_ids(program: ScriptedProgram, asker: str, order_id: str) -> str:
    status, page = look_up(program, asker, order_id)
    assert status == 200
    return extract_main(page).replace(order_id, "?")


def test_own_order_does_not_name_coupon_of_others(program: ScriptedProgram) -> None:
    program.order_facts = COMPLETED
    program.assign("BEN", "TOPSECRET", "03-01")
    program.sell("A1", NOON, coupon="ANN", reported_again="03-10T14:00", **COMPLETED)
    settle(program)
    report_again("05-10", coupon="TOPSECRET")(program)
    status, page = look_up(program, "ANN")
    assert (status, "TOPSECRET" in page, "Ben" in page) == (200, False, False)
    # Nor does one with her click and a coupon that is assigned to another affiliate later.
    program.sell("A2", NOON, coupon="LATER", click=sign_click("ANN", "03-10T11:00")(program))
    assert "LATER" not in look_up(program, "ANN", "A2")[1]
    program.sell("A3", NOON, coupon="ann")
    file = io.BytesIO()
    data_archive.write_archive(file, affiliate=program.affiliates["ANN"], now=parse_2026("05-11"))
    with zipfile.ZipFile(file) as archive:
        orders = json.loads(archive.read("data/orders.json"))
    assert {row["order_id"]: row["coupon_code"] for row in orders} == {"A1": "", "A2": "", "A3": "ann"}


def test_order_page_needs_same_access_as_lookup(program: ScriptedProgram) -> None:
    program.sell("A1", NOON, coupon="ANN", click=alter_click_id("BEN", "03-10T11:00", 75)(program))
    statuses = {}
    for asker in ("ANN", "BEN", "CAT"):
        client = Client()
        client.force_login(program.affiliates[asker].user)
        key = program.affiliates["ANN"].orders.get().pk
        statuses[asker] = client.get(f"/commissions/{key}/").status_code, look_up(program, asker)[0]
    assert statuses == {"ANN": (200, 200), "BEN": (200, 200), "CAT": (404, 404)}


def test_cancelled_order_shows_no_completion_date(program: ScriptedProgram) -> None:
    program.sell("A1", parse_2026("03-10T12:00"), coupon="ANN", reported_again="03-10T14:00", **COMPLETED)
    assert strip_tags(extract_main(look_up(program, "ANN")[1])).count("10 Mar 2026") == 2, (
        "the dates of placement and completion"
    )
    program.sell(
        "A1", parse_2026("03-10T12:00"), coupon="ANN", **COMPLETED, reported_again="03-11T12:00", status="cancelled"
    )
    text = strip_tags(extract_main(look_up(program, "ANN")[1]))
    assert text.count("10 Mar 2026") == 1, text
