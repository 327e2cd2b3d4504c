"""The seed agreement."""

import re
from collections import Counter
from decimal import Decimal
from string import Formatter

import pytest

from agreements.rules import RULE_TERMS, TERM_RULES, Rule
from agreements.seed import CLAUSES, EVERYTHING_ELSE, PROHIBITED_ACTIVITIES, RATE_CARD, TERMS, ClauseText

BLOCKS = {"rate_card", "prohibited_activities"}
KNOWN = {*TERMS, *BLOCKS, "program_name"}


def list_placeholders(body: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(body) if name is not None}


def list_sub_clauses() -> list[ClauseText]:
    return [clause for clause in CLAUSES if "." in clause.number]


def list_sections() -> list[ClauseText]:
    return [clause for clause in CLAUSES if "." not in clause.number]


def find_clause(rule: Rule) -> ClauseText:
    return next(clause for clause in CLAUSES if rule in clause.rules)


def test_seed_states_every_rule_exactly_once() -> None:
    stated = Counter(rule for clause in CLAUSES for rule in clause.rules)
    assert stated == Counter(Rule)


def test_section_headings_state_no_rules() -> None:
    assert [section.number for section in list_sections() if section.rules] == []


def test_seed_has_the_twelve_specified_sections() -> None:
    assert [(section.number, section.heading) for section in list_sections()] == [
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


def test_clauses_are_numbered_without_gaps() -> None:
    expected: list[str] = []
    section = position = 0
    for clause in CLAUSES:
        section, position = (section, position + 1) if "." in clause.number else (section + 1, 0)
        expected.append(f"{section}.{position}" if position else str(section))
    assert [clause.number for clause in CLAUSES] == expected
    assert {number.split(".")[0] for number in expected if "." in number} == {str(n) for n in range(1, 13)}


def test_every_clause_has_a_heading_and_every_sub_clause_a_body() -> None:
    assert all(clause.heading.strip() for clause in CLAUSES)
    assert [clause.number for clause in list_sub_clauses() if not clause.body] == []


def test_every_placeholder_is_known() -> None:
    unknown = {(clause.number, name) for clause in CLAUSES for name in list_placeholders(clause.body) - KNOWN}
    assert unknown == set()


def test_every_term_and_table_is_used() -> None:
    used = {name for clause in CLAUSES for name in list_placeholders(clause.body)}
    assert KNOWN - used == set()


@pytest.mark.parametrize("block", sorted(BLOCKS))
def test_each_table_is_one_paragraph_of_its_own(block: str) -> None:
    paragraphs = [p for clause in CLAUSES for p in clause.body.split("\n\n") if f"{{{block}}}" in p]
    assert paragraphs == [f"{{{block}}}"]


def test_every_term_belongs_to_exactly_one_rule() -> None:
    listed = Counter(term for terms in RULE_TERMS.values() for term in terms)
    assert listed == Counter([*TERMS, *BLOCKS])
    assert set(TERM_RULES) == set(listed)


@pytest.mark.parametrize("rule", RULE_TERMS)
def test_clause_of_a_rule_contains_its_terms(rule: Rule) -> None:
    assert set(RULE_TERMS[rule]) <= list_placeholders(find_clause(rule).body)


def test_paragraphs_are_single_lines_separated_by_blank_lines() -> None:
    for clause in CLAUSES:
        paragraphs = clause.body.split("\n\n") if clause.body else []
        assert all(p and p == " ".join(p.split()) for p in paragraphs), clause.number


def test_references_point_to_existing_clauses() -> None:
    numbers = {clause.number for clause in CLAUSES}
    for clause in CLAUSES:
        phrases = re.findall(r"(?:[Cc]lauses?|[Ss]ection) (\d+(?:\.\d+)?)(?: and (\d+\.\d+))?", clause.body)
        assert {number for pair in phrases for number in pair if number} <= numbers, clause.number


def test_attribution_days_are_stated_in_clause_3_2() -> None:
    clause = find_clause(Rule.ATTRIBUTION_DAYS)
    assert clause.number == "3.2"
    assert "within {attribution_days} of that click" in clause.body


def test_first_sentence_calls_the_text_an_example() -> None:
    first_sentence = CLAUSES[0].body.split(". ")[0]
    assert first_sentence == "This text is an example to be replaced, and it is not legal advice"


def test_seed_has_the_specified_terms() -> None:
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


def test_seed_has_the_specified_rate_card() -> None:
    assert [(rate.category, rate.name, str(rate.percent)) for rate in RATE_CARD] == [
        ("consumer-electronics", "Consumer electronics", "2.60"),
        ("office-school", "Office & school", "4.00"),
        ("home-decor", "Home decor", "5.00"),
        ("lights-lighting", "Lights & lighting", "5.00"),
        ("kitchen-dining", "Kitchen & dining", "5.50"),
        ("sports-garden", "Sports & garden", "6.00"),
        ("toys-hobbies", "Toys & hobbies", "7.00"),
        ("bags-shoes", "Bags & shoes", "7.50"),
        ("beauty-health", "Beauty & health", "8.00"),
        ("jewelry-accessories", "Jewelry & accessories", "8.50"),
        ("everything-else", "Everything else", "3.00"),
    ]
    assert EVERYTHING_ELSE == "everything-else"


def test_every_rate_is_within_floor_and_ceiling() -> None:
    floor, ceiling = TERMS["rate_floor"], TERMS["rate_ceiling"]
    assert isinstance(floor, Decimal)
    assert isinstance(ceiling, Decimal)
    assert [rate.category for rate in RATE_CARD if not floor <= rate.percent <= ceiling] == []


def test_seed_prohibits_the_specified_activities() -> None:
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


def test_each_activity_has_two_to_four_sentences_and_a_consequence() -> None:
    for activity in PROHIBITED_ACTIVITIES:
        assert 2 <= len(re.findall(r"\.(?: |$)", activity.text)) <= 4, activity.code
        assert activity.gravest_consequence in {"warning", "suspension", "termination"}
        assert activity.title.lower().replace(" ", "-") == activity.code


STATED = {
    Rule.NO_SELF_DECISION: ["decide nothing about themselves"],
    Rule.CHANNELS: ["A pending channel is declared", "It is not approved yet"],
    Rule.UNAPPROVED_CHANNEL: ["A channel that is pending or rejected is not approved"],
    Rule.TRACKING_LINKS: ["link previews", "loads in advance", "can still be yours", "an image, a frame, a script"],
    Rule.ATTRIBUTION_DAYS: ["the version of this agreement that applied to you at the click"],
    Rule.COUPON_ASSIGNMENT: [
        "until we unassign it or your agreement is terminated",
        "without regard to upper and lower case",
        "white space and invisible characters around them",
        "the first one that was assigned to an affiliate",
        "in the way of a click",
    ],
    Rule.RATE_CARD: ["after discounts, without shipping and tax", "applied to you when the order was placed"],
    Rule.ORDER_COMMISSION_CAP: ["applied to you when the order was placed"],
    Rule.BEFORE_TAX: ["before any tax of yours", "not a tax invoice"],
    Rule.MONTHLY_CLOSE: ["the version in force"],
    Rule.PAYOUT_MINIMUM: ["the version that applies to you when the close runs"],
    Rule.PAYOUT_DETAILS_HOLD_DAYS: ["e-mail address with which you sign in", "no payout for as long"],
    Rule.PROHIBITED_ACTIVITIES: [
        "For each of them, a review may decide that the commissions that it names are forfeited"
    ],
    Rule.SIGNALS: ["counts as declared as soon as you have declared it, also while it is pending"],
    Rule.TARGET_AT_RISK: ["While your first {target_days} are running"],
    Rule.REVIEW_DAYS: ["can no longer be forfeited in that review"],
    Rule.APPEAL_DECISION: ["attributed again under section 3, unless a close has settled them for someone else"],
    Rule.DECISIONS: ["Forfeiture is possible for every prohibited activity"],
    Rule.CHANGE_OF_AGREEMENT: ["approved, active, suspended or leaving", "everyone who was notified of it"],
    Rule.APPLICABLE_VERSION: [
        "at the click",
        "when the order was placed",
        "when the close runs",
        "the version in force",
    ],
    Rule.DECLINE: ["on the version's effective date", "take your decision back until then", "It lapses"],
    Rule.LEAVING: ["takes effect at once", "You can take it back within {termination_notice_days}"],
    Rule.TERMINATION_NOTICE_DAYS: ["Until then, your links and coupon codes keep earning"],
    Rule.FINAL_CLOSE: ["the payout threshold no longer applies", "A negative balance is not paid"],
    Rule.RETENTION_YEARS: [
        "for {retention_years}, because they prove",
        "This time starts when this agreement",
        "are never deleted",
    ],
    Rule.ERASURE: [
        "your balance is 0.00",
        "no payout is under way",
        "no review or appeal is open",
        "under a pseudonym",
    ],
}


@pytest.mark.parametrize("rule", STATED)
def test_clause_states_its_rule(rule: Rule) -> None:
    body = " ".join(find_clause(rule).body.split())
    assert [phrase for phrase in STATED[rule] if phrase not in body] == []
