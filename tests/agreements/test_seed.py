"""The agreement that ships ..."""

import re
from collections import Counter
from decimal import Decimal
from string import Formatter

import pytest

from agreements.rules import RULE_TERMS, TERM_RULES, Rule
from agreements.seed import CLAUSES, EVERYTHING_ELSE, PROHIBITED_ACTIVITIES, RATE_CARD, TERMS, ClauseText

BLOCKS = {"rate_card", "prohibited_activities"}
KNOWN = {*TERMS, *BLOCKS, "program_name"}


def placeholders(body: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(body) if name is not None}


def sub_clauses() -> list[ClauseText]:
    return [clause for clause in CLAUSES if "." in clause.number]


def sections() -> list[ClauseText]:
    return [clause for clause in CLAUSES if "." not in clause.number]


def stating(rule: Rule) -> ClauseText:
    return next(clause for clause in CLAUSES if rule in clause.rules)


def test_states_every_rule_exactly_once() -> None:
    stated = Counter(rule for clause in CLAUSES for rule in clause.rules)
    assert stated == Counter(Rule)


def test_states_no_rule_in_a_section_heading() -> None:
    assert [section.number for section in sections() if section.rules] == []


def test_has_the_twelve_sections_of_the_contract_in_order() -> None:
    assert [(section.number, section.heading) for section in sections()] == [
        ("1", "Parties and acceptance"),
        ("2", "The affiliate's channels"),
        ("3", "Tracking and attribution"),
        ("4", "Commission rates"),
        ("5", "Payment"),
        ("6", "Prohibited activities"),
        ("7", "Sales targets"),
        ("8", "Reviews and appeals"),
        ("9", "Changes to the agreement"),
        ("10", "Termination"),
        ("11", "End of the program"),
        ("12", "Personal data"),
    ]


def test_is_numbered_without_gaps_in_the_order_of_reading() -> None:
    expected: list[str] = []
    section = position = 0
    for clause in CLAUSES:
        section, position = (section, position + 1) if "." in clause.number else (section + 1, 0)
        expected.append(f"{section}.{position}" if position else str(section))
    assert [clause.number for clause in CLAUSES] == expected
    assert {number.split(".")[0] for number in expected if "." in number} == {str(n) for n in range(1, 13)}


def test_gives_every_clause_a_heading_and_every_sub_clause_a_body() -> None:
    assert all(clause.heading.strip() for clause in CLAUSES)
    assert [clause.number for clause in sub_clauses() if not clause.body] == []


def test_knows_every_placeholder() -> None:
    unknown = {(clause.number, name) for clause in CLAUSES for name in placeholders(clause.body) - KNOWN}
    assert unknown == set()


def test_uses_every_term_and_block() -> None:
    used = {name for clause in CLAUSES for name in placeholders(clause.body)}
    assert KNOWN - used == set()


@pytest.mark.parametrize("block", sorted(BLOCKS))
def test_gives_each_block_a_paragraph_of_its_own_once(block: str) -> None:
    paragraphs = [p for clause in CLAUSES for p in clause.body.split("\n\n") if f"{{{block}}}" in p]
    assert paragraphs == [f"{{{block}}}"]


def test_has_each_term_decide_exactly_one_rule() -> None:
    listed = Counter(term for terms in RULE_TERMS.values() for term in terms)
    assert listed == Counter([*TERMS, *BLOCKS])
    assert set(TERM_RULES) == set(listed)


@pytest.mark.parametrize("rule", RULE_TERMS)
def test_puts_the_terms_of_a_rule_into_the_clause_that_states_it(rule: Rule) -> None:
    assert set(RULE_TERMS[rule]) <= placeholders(stating(rule).body)


def test_separates_paragraphs_by_one_blank_line_and_wraps_nothing() -> None:
    for clause in CLAUSES:
        paragraphs = clause.body.split("\n\n") if clause.body else []
        assert all(p and p == " ".join(p.split()) for p in paragraphs), clause.number


def test_refers_only_to_clauses_and_sections_that_exist() -> None:
    numbers = {clause.number for clause in CLAUSES}
    for clause in CLAUSES:
        phrases = re.findall(r"(?:[Cc]lauses?|[Ss]ection) (\d+(?:\.\d+)?)(?: and (\d+\.\d+))?", clause.body)
        assert {number for pair in phrases for number in pair if number} <= numbers, clause.number


def test_states_the_attribution_window_in_clause_3_2() -> None:
    clause = stating(Rule.ATTRIBUTION_DAYS)
    assert clause.number == "3.2"
    assert "within {attribution_days} of that click" in clause.body


def test_calls_itself_an_example_and_no_legal_advice_in_its_first_sentence() -> None:
    first_sentence = CLAUSES[0].body.split(". ")[0]
    assert first_sentence == "This text is an example to be replaced, and it is no legal advice"


def test_has_the_terms_of_the_contract() -> None:
    terms = dict(TERMS)
    assert terms == {
        "currency": "USD",
        "time_zone": "UTC",
        "rate_floor": Decimal("2.60"),
        "rate_ceiling": Decimal("8.50"),
        "payout_minimum": Decimal("16.00"),
        "validation_days": 30,
        "attribution_days": 3,
        "close_day": 3,
        "payout_details_hold_days": 7,
        "retention_years": 10,
        "order_commission_cap": None,
        "target_orders": 3,
        "target_days": 180,
        "target_cure_days": 30,
        "change_notice_days": 14,
        "termination_notice_days": 30,
        "reply_days": 7,
        "review_days": 30,
        "appeal_days": 14,
    }


def test_has_the_rate_card_of_the_contract_in_its_order() -> None:
    assert [(rate.category, str(rate.percent)) for rate in RATE_CARD] == [
        ("consumer-electronics", "2.60"),
        ("office-school", "4.00"),
        ("home-decor", "5.00"),
        ("lights-lighting", "5.00"),
        ("kitchen-dining", "5.50"),
        ("sports-garden", "6.00"),
        ("toys-hobbies", "7.00"),
        ("bags-shoes", "7.50"),
        ("beauty-health", "8.00"),
        ("jewelry-accessories", "8.50"),
        ("everything-else", "3.00"),
    ]
    assert EVERYTHING_ELSE == "everything-else"


def test_has_every_rate_within_floor_and_ceiling() -> None:
    floor, ceiling = TERMS["rate_floor"], TERMS["rate_ceiling"]
    assert isinstance(floor, Decimal)
    assert isinstance(ceiling, Decimal)
    assert [rate.category for rate in RATE_CARD if not floor <= rate.percent <= ceiling] == []


def test_prohibits_the_nine_activities_of_the_contract() -> None:
    assert [activity.code for activity in PROHIBITED_ACTIVITIES] == [
        "spamming",
        "fraud",
        "unethical-marketing",
        "self-purchase",
        "cookie-stuffing",
        "brand-bidding",
        "misleading-advertising",
        "undisclosed-endorsement",
        "unapproved-channel",
    ]


def test_describes_each_activity_in_two_to_four_sentences_with_a_known_consequence() -> None:
    for activity in PROHIBITED_ACTIVITIES:
        assert 2 <= len(re.findall(r"\.(?: |$)", activity.text)) <= 4, activity.code
        assert activity.gravest_consequence in {"warning", "suspension", "termination"}
        assert activity.title.lower().replace(" ", "-") == activity.code
