"""Rendering the text of a version."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agreements import rendering, seeding, terms, version_documents
from agreements.errors import UnresolvedPlaceholder
from agreements.models import AgreementVersion, Clause
from agreements.rendering import Span

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("term", "value", "text"),
    [
        ("attribution_days", 3, "3 days"),
        ("attribution_days", 1, "1 day"),
        ("validation_days", 0, "0 days"),
        ("retention_years", 1, "1 year"),
        ("retention_years", 10, "10 years"),
        ("rate_floor", Decimal("2.6"), "2.60 %"),
        ("payout_minimum", Decimal("16"), "16.00 EUR"),
        ("order_commission_cap", None, "no limit"),
        ("order_commission_cap", Decimal("50.5"), "50.50 EUR"),
        ("close_day", 1, "the 1st"),
        ("close_day", 2, "the 2nd"),
        ("close_day", 3, "the 3rd"),
        ("close_day", 11, "the 11th"),
        ("close_day", 12, "the 12th"),
        ("close_day", 13, "the 13th"),
        ("close_day", 21, "the 21st"),
        ("close_day", 28, "the 28th"),
        ("target_orders", 0, "no orders"),
        ("target_orders", 1, "1 order"),
        ("target_orders", 3, "3 orders"),
        ("currency", "EUR", "EUR"),
    ],
)
def test_term_value_is_formatted(term, value, text):
    assert terms.format_term_value(term, value, "EUR") == text


def render_clause(body: str) -> rendering.Document:
    draft = AgreementVersion.objects.create(name="x", drafted_at=NOW)
    Clause.objects.create(agreement=draft, number="3.2", heading="Window", body=body)
    return rendering.render_document(rendering.load_source(draft), "Shop")


def test_text_begins_with_program_version_date_and_language(first):
    assert first.texts.get().text.split("\n\n")[0] == (
        "Affiliate agreement of Accord\n"
        "Version 1\n"
        "Takes effect: 1 January 2026, 00:00 (UTC)\n"
        "Governing language: English"
    )


def test_effective_date_is_in_program_time_zone():
    moment = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert terms.format_datetime(moment, "Europe/Berlin") == "1 July 2026, 00:30 (Europe/Berlin)"


def test_placeholders_are_replaced_and_marked():
    [section] = render_clause("Within {attribution_days} of it.").sections
    [paragraph] = section.blocks
    assert isinstance(paragraph, rendering.Paragraph)
    assert paragraph.spans == (Span("Within "), Span("3 days", "attribution_days"), Span(" of it."))
    assert section.text == "3.2 Window\n\nWithin 3 days of it."


def test_white_space_is_collapsed():
    [section] = render_clause("one\r\n two\t three\r\n  \r\nfour ").sections
    assert [block.text for block in section.blocks] == ["one two three", "four"]


@pytest.mark.parametrize(
    "body",
    ["{unknown}", "{attribution_days!r}", "{attribution_days:>9}", "{0}", "{}", "a { b", "a } b", "see {rate_card}"],
)
def test_invalid_placeholder_is_reported_with_clause(body):
    with pytest.raises(UnresolvedPlaceholder, match=r"Clause 3\.2") as caught:
        render_clause(body)
    assert caught.value.clause == "3.2"


def test_rate_card_is_rendered_row_by_row(first):
    text = first.texts.get().text
    assert "\n\nCategory | Rate\nConsumer electronics | 2.60 %\nOffice & school | 4.00 %\n" in text
    assert "\nEverything else (every category that is not named) | 3.00 %\n\n" in text


def test_seed_text_has_known_hash(first):
    """Change this hash only with the text of the seed agreement, never as a side effect of a refactoring.

    A change means that the rows of published versions no longer produce their text.
    """
    assert first.texts.get().sha256 == GOLDEN


def test_hash_matches_sha256sum(first):
    stored = first.texts.get()
    assert stored.sha256 == rendering.compute_sha256(stored.text)
    assert rendering.compute_sha256("abc\n") == "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb"


def test_document_keeps_program_name_of_publication(first, settings):
    stored = first.texts.get().text
    settings.PROGRAM_NAME = "Another name"
    assert version_documents.get_document(first).text == stored


def test_document_is_parsed_from_stored_text_when_rendering_changed(first, monkeypatch):
    stored = first.texts.get().text
    monkeypatch.setattr(terms, "format_percent", lambda value: f"{value} per cent")
    document = version_documents.get_document(first)
    assert document.text == stored
    assert [s.number for s in document.sections][:3] == ["1", "1.1", "1.2"]


def test_draft_text_says_it_is_not_published():
    draft = seeding.create_seed_draft(now=NOW)
    assert "Takes effect: not published yet" in version_documents.get_document(draft).facts


GOLDEN = "1da76544e359d7bebde876536c9bec6bd3bd63d4f459b870d863a1ccbf2b50eb"
