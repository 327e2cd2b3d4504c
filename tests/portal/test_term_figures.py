"""Every figure of a page that comes from a term of the agreement"""

import logging
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import pytest
import time_machine

from affiliates.models import State
from agreements import seed
from agreements.clauses import get_clause_numbers
from agreements.models import AgreementVersion
from agreements.rules import TERM_RULES
from agreements.seed import SeedRate
from tests.factories import make_affiliate
from tests.portal import matrix_requests, matrix_scenario
from tests.portal.html_tree import Element, parse_html
from tests.portal.matrix_requests import RequestHandler, build_path, list_addresses
from tests.portal.matrix_scenario import Scenario
from tests.portal.matrix_table import SITE
from tests.scenarios import roll_back

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# Figures that nothing else on a page is likely to be.
TERMS = {
    "rate_floor": Decimal("2.63"),
    "rate_ceiling": Decimal("8.47"),
    "payout_minimum": Decimal("17.31"),
    "validation_days": 37,
    "attribution_days": 83,
    "close_day": 6,
    "payout_details_hold_days": 53,
    "retention_years": 29,
    "order_commission_cap": Decimal("777.77"),
    "target_orders": 61,
    "target_days": 173,
    "target_cure_days": 239,
    "change_notice_days": 47,
    "termination_notice_days": 131,
    "reply_days": 59,
    "review_days": 67,
    "appeal_days": 79,
}
MONEY = ("payout_minimum", "order_commission_cap")
RATES = ("rate_floor", "rate_ceiling")
# What a reader takes in at one glance: there the clause has to stand.
GLANCES = ("li", "p", "tr", "dd", "h1", "h2", "h3", "h4", "label", "figcaption", "blockquote")


class Figure(NamedTuple):
    """How a term reads on a page, and the clause that states it."""

    term: str
    reads: re.Pattern[str]
    clause: str


def card() -> tuple[SeedRate, ...]:
    """The seed card with rates between floor and ceiling that are like no other figure."""
    return tuple(
        rate._replace(percent=Decimal("2.71") + Decimal("0.43") * place) for place, rate in enumerate(seed.RATE_CARD)
    )


def figures(agreement: AgreementVersion) -> list[Figure]:
    stated = get_clause_numbers(agreement.pk)

    def figure(term: str, pattern: str) -> Figure:
        return Figure(term, re.compile(pattern), stated[TERM_RULES[term].value])

    found = [figure(term, rf"(?<![\d.,]){TERMS[term]}(?!\d)") for term in MONEY]
    rates = [*(TERMS[term] for term in RATES), *(rate.percent for rate in agreement.rates.all())]
    found += [figure("rate_card", rf"(?<![\d.,]){rate} ?%") for rate in rates]
    found.append(figure("close_day", r"\bday 6\b|\bthe 6th\b"))
    whole = [term for term in TERMS if term not in (*MONEY, *RATES, "close_day")]
    return found + [figure(term, rf"(?<![\w.,:/-]){TERMS[term]}(?![\w.,:%/-]|\s?%)") for term in whole]


@pytest.fixture(scope="module")
def program(django_db_setup, django_db_blocker) -> Iterator[tuple[Scenario, dict[str, str]]]:
    with (
        django_db_blocker.unblock(),
        time_machine.travel(matrix_scenario.NOW),
        roll_back(),
        pytest.MonkeyPatch.context() as patch,
    ):
        for term, value in TERMS.items():
            patch.setitem(seed.TERMS, term, value)
        patch.setattr(seed, "RATE_CARD", card())
        scenario = matrix_scenario.build_scenario()
        scenario.people["approved"] = make_affiliate(state=State.APPROVED, at=matrix_scenario.STARTS_AT).user
        scenario.people["applied"] = make_affiliate(state=State.APPLIED, at=matrix_scenario.STARTS_AT).user
        sessions = matrix_requests.sign_in_all(scenario)
        logging.disable(logging.ERROR)  # each refusal writes a warning
        yield scenario, sessions
    logging.disable(logging.NOTSET)


def strings(element: Element) -> Iterator[tuple[str, Element]]:
    """Every piece of text that a reader sees, but for the agreement itself and the differences between two texts."""
    if element.tag in ("head", "script", "style") or {"agreement", "difference"} & element.classes:
        return
    for one in element.content:
        if isinstance(one, str):
            yield re.sub(r"[\s\u00a0]+", " ", one), element
        else:
            yield from strings(one)


def glance(element: Element) -> Element:
    """What is taken in together with `element`: its line, its row, its term with its definition, a reckoning as a whole."""
    for one in element.ancestors():
        if one.classes & {"progress", "field", "reckoning"}:
            return one
    found = next((one for one in element.ancestors() if one.tag in GLANCES), element)
    parent = found.parent
    return parent if found.tag == "dd" and parent is not None and parent.tag == "div" else found


def unlinked(page: Element, found: list[Figure]) -> Iterator[str]:
    for text, element in strings(page):
        for figure in found:
            if figure.reads.search(text):
                seen = glance(element)
                links = [one.attributes.get("href", "") for one in seen.descendants() if one.tag == "a"]
                if not any(link.endswith(f"#clause-{figure.clause}") for link in links):
                    yield f"{figure.term} (clause {figure.clause}): {seen.text.strip()[:200]}"


@pytest.mark.parametrize("part", ["visitor", "owner", "suspended", "terminated", "approved", "applied"])
def test_leads_to_its_clause(program, part):
    scenario, sessions = program
    found = figures(AgreementVersion.objects.get(number=1))
    door, wrong, seen = RequestHandler(), [], 0
    for address in list_addresses():
        if address.name not in SITE:
            continue
        response, content = matrix_requests.send_request(door, sessions[part], "GET", build_path(scenario, address))
        if response.status_code != 200 or not response.headers["Content-Type"].startswith("text/html"):
            continue
        page = parse_html(content.decode())
        seen += sum(bool(figure.reads.search(text)) for text, _element in strings(page) for figure in found)
        wrong += [f"{address.name}: {line}" for line in unlinked(page, found)]
    assert not wrong, "\n".join(sorted(set(wrong)))
    assert seen > 10
