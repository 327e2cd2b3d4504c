"""Every figure on a page that comes from a term links to the clause that states it."""

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
from tests.scenarios import check_constraints, roll_back

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# Values that are unlikely to appear on a page for any other reason.
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
# The elements in which the link must be found.
CONTEXT_TAGS = ("li", "p", "tr", "dd", "h1", "h2", "h3", "h4", "label", "figcaption", "blockquote")


class Figure(NamedTuple):
    """The pattern of a term's figure on a page, and the clause that states the term."""

    term: str
    pattern: re.Pattern[str]
    clause: str


def build_rate_card() -> tuple[SeedRate, ...]:
    """Return the seed rate card with rates that resemble no other figure."""
    return tuple(
        rate._replace(percent=Decimal("2.71") + Decimal("0.43") * place) for place, rate in enumerate(seed.RATE_CARD)
    )


def list_figures(agreement: AgreementVersion) -> list[Figure]:
    clauses = get_clause_numbers(agreement.pk)

    def build_figure(term: str, pattern: str) -> Figure:
        return Figure(term, re.compile(pattern), clauses[TERM_RULES[term].value])

    figures = [build_figure(term, rf"(?<![\d.,]){TERMS[term]}(?!\d)") for term in MONEY]
    rates = [*(TERMS[term] for term in RATES), *(rate.percent for rate in agreement.rates.all())]
    figures += [build_figure("rate_card", rf"(?<![\d.,]){rate} ?%") for rate in rates]
    figures.append(build_figure("close_day", r"\bday 6\b|\bthe 6th\b"))
    integer_terms = [term for term in TERMS if term not in (*MONEY, *RATES, "close_day")]
    return figures + [build_figure(term, rf"(?<![\w.,:/-]){TERMS[term]}(?![\w.,:%/-]|\s?%)") for term in integer_terms]


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
        patch.setattr(seed, "RATE_CARD", build_rate_card())
        scenario = matrix_scenario.build_scenario()
        scenario.people["approved"] = make_affiliate(state=State.APPROVED, at=matrix_scenario.STARTS_AT).user
        scenario.people["applied"] = make_affiliate(state=State.APPLIED, at=matrix_scenario.STARTS_AT).user
        sessions = matrix_requests.sign_in_all(scenario)
        logging.disable(logging.ERROR)  # each refusal writes a warning
        check_constraints()
        yield scenario, sessions
    logging.disable(logging.NOTSET)


def iterate_texts(element: Element) -> Iterator[tuple[str, Element]]:
    """Yield every visible text with a digit and its element, except in the agreement itself and in text comparisons."""
    if element.tag in ("head", "script", "style") or {"agreement", "difference"} & element.classes:
        return
    for child in element.content:
        if isinstance(child, str):
            if re.search(r"\d", child):
                yield re.sub(r"[\s\u00a0]+", " ", child), element
        else:
            yield from iterate_texts(child)


def find_context(element: Element) -> Element:
    """Return the line, row, definition or calculation that `element` belongs to."""
    for ancestor in element.ancestors():
        if ancestor.classes & {"progress", "field", "calculation"}:
            return ancestor
    context = next((ancestor for ancestor in element.ancestors() if ancestor.tag in CONTEXT_TAGS), element)
    parent = context.parent
    return parent if context.tag == "dd" and parent is not None and parent.tag == "div" else context


def find_unlinked(page: Element, figures: list[Figure]) -> Iterator[str]:
    for text, element in iterate_texts(page):
        for figure in figures:
            if figure.pattern.search(text):
                context = find_context(element)
                links = [link.attributes.get("href", "") for link in context.descendants() if link.tag == "a"]
                if not any(link.endswith(f"#clause-{figure.clause}") for link in links):
                    yield f"{figure.term} (clause {figure.clause}): {context.text.strip()[:200]}"


@pytest.mark.parametrize("role", ["visitor", "owner", "suspended", "terminated", "approved", "applied"])
def test_term_figures_link_to_their_clause(program, role):
    scenario, sessions = program
    figures = list_figures(AgreementVersion.objects.get(number=1))
    handler, problems, seen = RequestHandler(), [], 0
    for address in list_addresses():
        if address.name not in SITE:
            continue
        response, content = matrix_requests.send_request(handler, sessions[role], "GET", build_path(scenario, address))
        if response.status_code != 200 or not response.headers["Content-Type"].startswith("text/html"):
            continue
        page = parse_html(content.decode())
        seen += sum(bool(figure.pattern.search(text)) for text, _element in iterate_texts(page) for figure in figures)
        problems += [f"{address.name}: {line}" for line in find_unlinked(page, figures)]
    assert not problems, "\n".join(sorted(set(problems)))
    assert seen > 10
