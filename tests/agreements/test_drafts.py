"""Drafts of versions and the problems that keep them from being published."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agreements import seeding, version_drafts
from agreements.models import AgreementVersion
from agreements.rendering import load_source

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def draft(first: AgreementVersion) -> AgreementVersion:
    return version_drafts.start_draft(now=NOW, by=None)


def list_places(draft: AgreementVersion) -> list[str]:
    return [problem.place for problem in version_drafts.find_problems(draft)]


def test_draft_is_a_copy_of_newest_published_version(first, draft):
    assert draft.name == "2"
    assert draft.published_at is None
    old, new = load_source(first), load_source(draft)
    assert [(c.number, c.body, c.rules) for c in new.clauses] == [(c.number, c.body, c.rules) for c in old.clauses]
    assert [(r.category, r.percent, r.everything_else) for r in new.rates] == [
        (r.category, r.percent, r.everything_else) for r in old.rates
    ]
    assert len(new.activities) == 9


def test_editing_draft_leaves_its_source_unchanged(first, draft):
    draft.clauses.all().delete()
    assert first.clauses.count() > 60


def test_draft_gets_next_free_name(draft):
    assert version_drafts.start_draft(now=NOW, by=None).name == "3"


def test_draft_without_source_is_empty():
    assert version_drafts.start_draft(now=NOW, by=None).clauses.count() == 0


def test_copied_draft_has_no_problems(draft):
    assert version_drafts.find_problems(draft) == []


def test_seed_draft_has_no_problems(db):
    assert version_drafts.find_problems(seeding.create_seed_draft(now=NOW)) == []


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("currency", "JPY", "currency"),
        ("currency", "usd", "currency"),
        ("currency", "KWD", "currency"),
        ("time_zone", "Mars/Base", "time_zone"),
        ("time_zone", "../etc/passwd", "time_zone"),
        ("time_zone", "localtime", "time_zone"),
        ("rate_floor", Decimal("101"), "rate_floor"),
        ("payout_minimum", Decimal("-0.01"), "payout_minimum"),
        ("payout_minimum", Decimal("NaN"), "payout_minimum"),
        ("payout_minimum", Decimal("99999999999.00"), "payout_minimum"),
        ("order_commission_cap", Decimal("1000000000.00"), "order_commission_cap"),
        ("target_orders", 2147483648, "target_orders"),
        ("validation_days", 181, "validation_days"),
        ("attribution_days", 0, "attribution_days"),
        ("attribution_days", 91, "attribution_days"),
        ("close_day", 29, "close_day"),
        ("payout_details_hold_days", 61, "payout_details_hold_days"),
        ("retention_years", 31, "retention_years"),
        ("order_commission_cap", Decimal("0.00"), "order_commission_cap"),
        ("target_days", 731, "target_days"),
        ("target_cure_days", 366, "target_cure_days"),
        ("change_notice_days", 366, "change_notice_days"),
        ("termination_notice_days", 366, "termination_notice_days"),
        ("reply_days", 0, "reply_days"),
        ("review_days", 0, "review_days"),
        ("appeal_days", 0, "appeal_days"),
    ],
)
def test_invalid_term_is_reported_at_its_field(db, field, value, place):
    draft = seeding.create_seed_draft(now=NOW)
    setattr(draft, field, value)
    assert place in list_places(draft)


@pytest.mark.parametrize(("field", "value"), [("currency", "EUR"), ("time_zone", "Europe/Berlin")])
def test_currency_and_time_zone_must_match_the_program(draft, field, value):
    setattr(draft, field, value)
    assert list_places(draft) == [field]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda d: d.rates.filter(category="home-decor").update(percent="2.59"), "rate home-decor"),
        (lambda d: d.rates.filter(category="home-decor").update(percent="8.51"), "rate home-decor"),
        (lambda d: d.rates.filter(category="home-decor").update(name=" "), "rate home-decor"),
        (lambda d: d.rates.filter(everything_else=True).delete(), "rates"),
        (lambda d: d.activities.all().delete(), "activities"),
        (lambda d: d.activities.filter(code="fraud").update(text=" "), "activity fraud"),
        (lambda d: d.clauses.filter(number="2").delete(), "clauses"),
        (lambda d: d.clauses.filter(number="2.3").update(body=""), "clause 2.3"),
        (lambda d: d.clauses.filter(number="2.3").update(body="{nothing}"), "clause 2.3"),
        (lambda d: d.clauses.filter(number="2.3").update(body="Rates: {rate_card}"), "clause 2.3"),
        (lambda d: d.clauses.filter(number="2.3").update(rules=["no_such_rule"]), "clause 2.3"),
        (lambda d: d.clauses.filter(number="2.3").update(rules=["refunds"]), "rule refunds"),
        (lambda d: d.clauses.filter(number="4.3").update(rules=[]), "rule refunds"),
        (lambda d: d.clauses.filter(number="3.2").update(body="Within 3 days."), "clause 3.2"),
        (lambda d: d.clauses.filter(number="3.2").update(position=0), "clauses"),
    ],
)
def test_problem_is_reported_at_its_place(draft, change, place):
    change(draft)
    assert list_places(draft) == [place]


def test_duplicate_rows_are_reported_at_each_row(draft):
    other = draft.rates.create(category="home-decor", name="Home decor", percent="5.00", everything_else=True)
    draft.activities.create(code="fraud", title="Fraud", text="Again.", gravest_consequence="warning", position=99)
    draft.clauses.create(number="12.4", heading="Twice", body="Twice.", position=99)
    problems = version_drafts.find_problems(draft)
    rows = {problem.row for problem in problems}
    assert other.pk in rows
    assert rows == {
        *draft.rates.filter(category__in=["home-decor", "everything-else"]).values_list("pk", flat=True),
        *draft.activities.filter(code="fraud").values_list("pk", flat=True),
        *draft.clauses.filter(number="12.4").values_list("pk", flat=True),
    }
    assert [problem.cause for problem in problems if problem.row == other.pk] == [
        "The category has more than one row.",
        "Mark exactly one row as everything else; 2 are marked.",
    ]


def test_duplicate_display_name_is_reported_at_each_category(draft):
    draft.rates.filter(category="toys-hobbies").update(name="Home decor")
    problems = version_drafts.find_problems(draft)
    assert {problem.place for problem in problems} == {"rate home-decor", "rate toys-hobbies"}
    assert {problem.cause for problem in problems} == {"Another category has the same display name."}


def test_missing_rule_names_clause_of_example(draft):
    draft.clauses.filter(number="4.3").update(rules=[])
    (problem,) = version_drafts.find_problems(draft)
    assert "the rule refunds. In the example agreement it is 4.3," in problem.cause
