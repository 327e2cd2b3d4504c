"""Changes between versions and their classification."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agreements import changes, version_drafts
from agreements.changes import Effect, classify_term_change
from agreements.models import AgreementVersion
from agreements.text_changes import compare_texts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BENEFIT, DETRIMENT, NEUTRAL = Effect.BENEFIT, Effect.DETRIMENT, Effect.NEUTRAL


@pytest.mark.parametrize(
    ("term", "old", "new", "effect"),
    [
        ("rate_floor", "2.60", "3.00", BENEFIT),
        ("rate_floor", "2.60", "2.00", DETRIMENT),
        ("rate_ceiling", "8.50", "9.00", BENEFIT),
        ("rate_ceiling", "8.50", "8.00", DETRIMENT),
        ("payout_minimum", "16.00", "16.01", DETRIMENT),
        ("payout_minimum", "16.00", "0.00", BENEFIT),
        ("order_commission_cap", None, "100.00", DETRIMENT),
        ("order_commission_cap", "100.00", None, BENEFIT),
        ("order_commission_cap", "100.00", "99.99", DETRIMENT),
        ("order_commission_cap", "100.00", "100.01", BENEFIT),
        ("validation_days", 30, 31, DETRIMENT),
        ("validation_days", 30, 29, BENEFIT),
        ("attribution_days", 3, 4, BENEFIT),
        ("attribution_days", 3, 2, DETRIMENT),
        ("close_day", 3, 4, DETRIMENT),
        ("close_day", 3, 2, BENEFIT),
        ("payout_details_hold_days", 7, 8, DETRIMENT),
        ("payout_details_hold_days", 7, 0, BENEFIT),
        ("retention_years", 10, 11, DETRIMENT),
        ("retention_years", 10, 9, BENEFIT),
        ("target_orders", 3, 4, DETRIMENT),
        ("target_orders", 3, 0, BENEFIT),
        ("target_orders", 0, 1, DETRIMENT),
        ("target_days", 180, 179, DETRIMENT),
        ("target_days", 180, 181, BENEFIT),
        ("target_cure_days", 30, 29, DETRIMENT),
        ("target_cure_days", 30, 31, BENEFIT),
        ("change_notice_days", 14, 13, DETRIMENT),
        ("change_notice_days", 14, 15, BENEFIT),
        ("termination_notice_days", 30, 29, DETRIMENT),
        ("termination_notice_days", 30, 31, BENEFIT),
        ("reply_days", 7, 6, DETRIMENT),
        ("reply_days", 7, 8, BENEFIT),
        ("review_days", 30, 31, DETRIMENT),
        ("review_days", 30, 29, BENEFIT),
        ("appeal_days", 14, 13, DETRIMENT),
        ("appeal_days", 14, 15, BENEFIT),
        ("appeal_days", 14, 14, NEUTRAL),
        ("order_commission_cap", None, None, NEUTRAL),
    ],
)
def test_term_change_is_classified_for_the_affiliate(term, old, new, effect):
    amounts = [Decimal(value) if isinstance(value, str) else value for value in (old, new)]
    assert classify_term_change(term, *amounts) is effect


def start_draft() -> AgreementVersion:
    return version_drafts.start_draft(now=NOW, by=None)


def list_term_changes(new: AgreementVersion, old: AgreementVersion) -> list[tuple[str, str, str, str, str]]:
    return [(c.term, c.old, c.new, c.effect.value, c.clause) for c in changes.compare_versions(new, old).terms]


def test_copy_has_no_changes(first):
    changed = changes.compare_versions(start_draft(), first)
    assert not changed
    assert not changed.detriment


def test_changed_term_names_its_clause(first):
    new = start_draft()
    new.validation_days, new.order_commission_cap = 14, Decimal("50")
    new.save()
    assert list_term_changes(new, first) == [
        ("order_commission_cap", "no limit", "50.00 USD", "detriment", "4.5"),
        ("validation_days", "30 days", "14 days", "benefit", "4.6"),
    ]


def test_rate_change_is_classified_per_category(first):
    new = start_draft()
    new.rates.filter(category="home-decor").update(percent="5.50")
    new.rates.filter(category="jewelry-accessories").update(percent="8.49")
    assert list_term_changes(new, first) == [
        ("rate home-decor", "5.00 %", "5.50 %", "benefit", "4.1"),
        ("rate jewelry-accessories", "8.50 %", "8.49 %", "detriment", "4.1"),
    ]


def test_removed_category_is_compared_with_everything_else(first):
    new = start_draft()
    new.rates.filter(category__in=["home-decor", "consumer-electronics"]).delete()
    assert list_term_changes(new, first) == [
        ("rate consumer-electronics", "2.60 %", "3.00 %", "benefit", "4.1"),
        ("rate home-decor", "5.00 %", "3.00 %", "detriment", "4.1"),
    ]


def test_added_category_is_compared_with_everything_else(first):
    new = start_draft()
    new.rates.create(category="books", name="Books", percent="4.00")
    new.rates.create(category="garden", name="Garden", percent="2.70")
    new.rates.create(category="pets", name="Pets", percent="3.00")
    assert list_term_changes(new, first) == [
        ("rate books", "3.00 %", "4.00 %", "benefit", "4.1"),
        ("rate garden", "3.00 %", "2.70 %", "detriment", "4.1"),
    ]


def test_change_of_everything_else_is_listed_as_every_other_category(first):
    new = start_draft()
    new.rates.filter(everything_else=True).update(percent="2.90", category="the-rest")
    assert list_term_changes(new, first) == [("rate every other category", "3.00 %", "2.90 %", "detriment", "4.1")]


@pytest.mark.parametrize(("days", "cure_days"), [(90, 10), (200, 60)])
def test_terms_of_a_target_are_neutral_without_a_target(first, days, cure_days):
    new = start_draft()
    new.target_orders, new.target_days, new.target_cure_days = 0, days, cure_days
    new.save()
    found = changes.compare_versions(new, first)
    assert [(c.term, c.effect) for c in found.terms] == [
        ("target_orders", BENEFIT),
        ("target_days", NEUTRAL),
        ("target_cure_days", NEUTRAL),
    ]
    assert not found.detriment


def test_beneficial_changes_are_no_detriment(first):
    new = start_draft()
    new.rates.filter(category="home-decor").update(percent="5.50")
    new.payout_minimum = Decimal("10")
    new.save()
    assert not changes.compare_versions(new, first).detriment


@pytest.mark.parametrize(
    "change",
    [
        lambda new: new.clauses.filter(number="2.3").update(body="Your content is ours."),
        lambda new: new.clauses.filter(number="2.3").update(heading="Content"),
        lambda new: new.clauses.filter(number="2.3").update(number="2.4"),
        lambda new: new.clauses.filter(number="2.3").delete(),
        lambda new: new.clauses.create(number="2.4", heading="More", body="More.", position=15),
        lambda new: new.rates.filter(category="home-decor").update(name="Decoration"),
        lambda new: new.rates.filter(everything_else=True).update(name="The rest"),
        lambda new: new.activities.filter(code="fraud").update(text="Fraud is bad."),
        lambda new: new.activities.filter(code="fraud").update(gravest_consequence="warning"),
        lambda new: new.activities.filter(code="fraud").delete(),
        lambda new: new.activities.create(
            code="rudeness", title="Rudeness", text="Be kind.", gravest_consequence="warning"
        ),
    ],
)
def test_change_of_wording_is_a_detriment(first, change):
    new = start_draft()
    change(new)
    assert changes.compare_versions(new, first).detriment


def test_renamed_category_is_listed_as_changed_text_and_not_as_term(first):
    new = start_draft()
    new.rates.filter(category="home-decor").update(name="Decoration")
    found = changes.compare_versions(new, first)
    assert found.terms == ()
    assert [(text.number, [p.text for p in text.pieces if p.kind == "added"]) for text in found.texts] == [
        ("4.1", ["Decoration"])
    ]


def test_added_category_with_the_same_rate_is_no_detriment(first):
    new = start_draft()
    new.rates.create(category="pets", name="Pets", percent="3.00")
    assert not changes.compare_versions(new, first).detriment


def test_changed_rate_is_labeled_with_the_display_name(first):
    new = start_draft()
    new.rates.filter(category="toys-hobbies").update(percent="7.50")
    new.rates.filter(category="bags-shoes").delete()
    assert [change.label for change in changes.compare_versions(new, first).terms] == ["Toys & hobbies", "Bags & shoes"]


def test_change_of_program_name_is_a_detriment(first, settings):
    settings.PROGRAM_NAME = "Another"
    assert changes.compare_versions(start_draft(), first).detriment


def test_reordered_rows_are_no_detriment(first):
    new = start_draft()
    new.rates.filter(category="home-decor").update(position=99)
    new.activities.filter(code="fraud").update(position=99)
    assert not changes.compare_versions(new, first).detriment


def test_changed_clause_lists_added_and_removed_words(first):
    new = start_draft()
    clause = new.clauses.get(number="3.2")
    clause.body = clause.body.replace("not attributed to you by that click", "never attributed to you")
    clause.save()
    [text] = changes.compare_versions(new, first).texts
    assert (text.number, text.kind) == ("3.2", "changed")
    assert [(p.kind, p.text) for p in text.pieces if p.kind != "same"] == [
        ("removed", "not"),
        ("added", "never"),
        ("removed", "you by that click."),
        ("added", "you."),
    ]


def test_renumbered_clause_is_matched_by_heading(first):
    new = start_draft()
    new.clauses.filter(number="2.3").update(number="2.9")
    [text] = changes.compare_versions(new, first).texts
    assert (text.number, text.heading, text.kind) == ("2.9", "Your content", "changed")


def test_added_and_removed_clauses_are_listed(first):
    new = start_draft()
    new.clauses.filter(number="2.3").delete()
    new.clauses.create(number="2.4", heading="More", body="More.", position=15)
    assert [(t.number, t.kind) for t in changes.compare_versions(new, first).texts] == [
        ("2.4", "added"),
        ("2.3", "removed"),
    ]


def test_pieces_reproduce_both_texts():
    old, new = "the quick brown fox", "the slow brown fox jumps"
    pieces = list(compare_texts(old, new))
    assert "".join(p.text for p in pieces if p.kind != "added") == old
    assert "".join(p.text for p in pieces if p.kind != "removed") == new
