"""Texts and translations of versions in more than one language."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from agreements import (
    chain,
    languages,
    publishing,
    rendering,
    seeding,
    terms,
    translation_edits,
    translations,
    version_documents,
    version_drafts,
)
from agreements.errors import NotPublishable, Rejected
from agreements.languages import GERMAN
from agreements.models import AgreementText, AgreementVersion, TranslatedActivity, TranslatedClause, Translation
from agreements.translation_edits import TranslatedWords
from tests.agreements import german
from tests.agreements.german import get_text

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def draft(db: None) -> AgreementVersion:
    return german.create_bilingual_draft_once(NOW)


@pytest.fixture
def bilingual(draft: AgreementVersion) -> AgreementVersion:
    return publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)


@pytest.mark.parametrize(
    ("term", "value", "text"),
    [
        ("attribution_days", 1, "1 Tag"),
        ("attribution_days", 3, "3 Tage"),
        ("retention_years", 10, "10 Jahre"),
        ("rate_floor", Decimal("2.6"), "2,60 %"),
        ("payout_minimum", Decimal(16), "16,00 EUR"),
        ("order_commission_cap", None, "keine Obergrenze"),
        ("close_day", 3, "3."),
        ("target_orders", 0, "keine Bestellungen"),
        ("target_orders", 1, "1 Bestellung"),
        ("currency", "EUR", "EUR"),
    ],
)
def test_term_value_is_formatted_in_german(term, value, text):
    assert terms.format_term_value(term, value, "EUR", GERMAN) == text


@pytest.mark.parametrize("wording", languages.KNOWN.values(), ids=lambda wording: wording.code)
def test_every_language_has_complete_wording(wording):
    assert len(wording.months) == 12
    assert set(wording.units) == {"days", "years", "orders"}
    assert set(wording.consequences) == {"warning", "suspension", "termination"}
    assert all(wording.get_language_name(other) for other in languages.KNOWN.values())
    assert wording.parse_program_name(wording.format_title("The {odd} Shop")) == "The {odd} Shop"


def test_each_language_has_its_own_text_and_hash(bilingual):
    english, translated = get_text(bilingual, "en"), get_text(bilingual, "de")
    assert english.sha256 != translated.sha256 == rendering.compute_sha256(translated.text)
    assert translated.text.split("\n\n")[0] == (
        "Affiliate-Vereinbarung von Accord\n"
        "Version 1\n"
        "Wirksam ab: 1. März 2026, 12:00 Uhr (UTC)\n"
        "Maßgebliche Sprache: Englisch\n"
        "Dies ist eine Übersetzung. Weicht sie vom Text in der maßgeblichen Sprache ab, so gilt jener Text.\n"
        f"SHA-256 des maßgeblichen Textes: {english.sha256}"
    )
    assert f"3.2 Die Frist\n\n{german.WINDOW_READ}\n\n" in translated.text
    assert "Kategorie | Satz\nConsumer electronics | 2,60 %\n" in translated.text
    assert "Everything else (jede Kategorie, die nicht genannt ist) | 3,00 %" in translated.text
    assert "Verhalten | Was damit gemeint ist | Schwerste Folge\n" in translated.text
    assert "| Kündigung\n" in translated.text


def test_governing_text_is_independent_of_translations(bilingual):
    text = rendering.render_document(rendering.load_source(bilingual), "Accord").text
    assert get_text(bilingual, "en").text == text
    assert "Übersetzung" not in text
    assert "translation" not in text.split("\n\n")[0]


def test_texts_are_independent_of_interface_language(draft):
    with translation.override("de"):
        version = publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
    assert "Takes effect: 1 March 2026" in get_text(version, "en").text
    for language in ("en", "de", "fr"):
        with translation.override(language):
            assert chain.verify_chain() == (0, "")


def test_german_can_be_the_governing_language(db):
    draft = create_draft_governed_by_german()
    version = publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
    assert "Maßgebliche Sprache: Deutsch\n\n" in get_text(version, "de").text
    head = get_text(version, "en").text.split("\n\n")[0].split("\n")
    assert head[3:] == [
        "Governing language: German",
        "This is a translation. Where it differs from the text in the governing language, that text governs.",
        f"SHA-256 of the governing text: {get_text(version, 'de').sha256}",
    ]
    assert version_documents.get_text(version) == get_text(version, "de")
    assert chain.verify_chain() == (0, "")


def create_draft_governed_by_german() -> AgreementVersion:
    """Create a seed draft whose governing language is German, with the same text as its English translation."""
    draft = seeding.create_seed_draft(now=NOW)
    translation_edits.set_governing_language(agreement=draft, language="de", now=NOW, by=None)
    translation_edits.add_language(agreement=draft, language="en", now=NOW, by=None)
    words = {c.pk: TranslatedWords(c.heading, c.body) for c in draft.clauses.all()}
    words |= {a.pk: TranslatedWords(a.title, a.text) for a in draft.activities.all()}
    translation_edits.save_translations(agreement=draft, language="en", words=words, now=NOW, by=None)
    return draft


def list_blocking_problems(draft: AgreementVersion) -> list[tuple[str, str]]:
    problems = [(problem.place, problem.cause) for problem in version_drafts.find_problems(draft)]
    with pytest.raises(NotPublishable):
        publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
    assert not AgreementText.objects.exists()
    return problems


def save_german_clause(draft: AgreementVersion, number: str, heading: str, body: str) -> None:
    clause = draft.clauses.get(number=number)
    translation_edits.save_translations(
        agreement=draft, language="de", words={clause.pk: TranslatedWords(heading, body)}, now=NOW, by=None
    )


@pytest.mark.parametrize(
    ("heading", "body", "cause"),
    [
        ("", "", "The translation is missing."),
        ("  ", german.WINDOW, "The heading is not translated."),
        ("Frist", " \n ", "The text is not translated."),
        ("Frist", "Drei Tage.", "The placeholder {attribution_days} of the governing clause is missing."),
        ("Frist", f"{german.WINDOW} {{close_day}}", "The placeholder {close_day} is not in the governing clause."),
        ("Frist", f"{german.WINDOW} {{close_daz}}", "{close_daz} is not a placeholder."),
        ("Frist", f"{german.WINDOW} {{", "a brace { or } is unmatched."),
    ],
)
def test_incomplete_clause_translation_blocks_publication(draft, heading, body, cause):
    save_german_clause(draft, "3.2", heading, body)
    assert list_blocking_problems(draft) == [("clause 3.2 (de)", cause)]


def test_table_inside_translated_paragraph_blocks_publication(draft):
    words = german.build_german_words(draft.clauses.get(number="4.1"))
    save_german_clause(draft, "4.1", words.heading, words.text.replace("\n\n{rate_card}\n\n", " {rate_card} "))
    assert list_blocking_problems(draft) == [("clause 4.1 (de)", "{rate_card} must be a paragraph of its own.")]


def test_missing_translation_blocks_publication(draft):
    TranslatedClause.objects.filter(clause__number="2.1").delete()
    TranslatedActivity.objects.filter(activity__code="fraud").update(title=" ")
    assert list_blocking_problems(draft) == [
        ("clause 2.1 (de)", "The translation is missing."),
        ("activity fraud (de)", "Enter a title and a text."),
    ]


def test_outdated_translation_blocks_publication(draft):
    clause = draft.clauses.get(number="2.3")
    clause.body = clause.body.replace("truthfully", "honestly")
    clause.save()
    cause = "The governing text has changed since this translation."
    assert list_blocking_problems(draft) == [("clause 2.3 (de)", cause)]
    save_german_clause(draft, "2.3", *german.build_german_words(clause)[:2])
    assert version_drafts.find_problems(draft) == []


def test_preview_uses_governing_text_for_missing_translation(draft):
    TranslatedClause.objects.filter(clause__number="3.2").delete()
    sections = {section.number: section for section in version_documents.get_document(draft, "de").sections}
    assert "within 3 Tage of that click" in sections["3.2"].text
    assert sections["3.1"].heading.startswith("Abschnitt über")


def test_unsupported_language_is_rejected(draft):
    for edit in (translation_edits.add_language, translation_edits.set_governing_language):
        with pytest.raises(ValidationError, match="not supported"):
            edit(agreement=draft, language="xx", now=NOW, by=None)
    with pytest.raises(ValidationError, match="already"):
        translation_edits.add_language(agreement=draft, language="de", now=NOW, by=None)
    with pytest.raises(ValidationError, match="already a translation"):
        translation_edits.set_governing_language(agreement=draft, language="de", now=NOW, by=None)
    with pytest.raises(ValidationError, match="not offered"):
        translation_edits.save_translations(agreement=draft, language="en", words={}, now=NOW, by=None)
    Translation.objects.filter(agreement=draft).update(language="xx")
    assert list_blocking_problems(draft) == [("translations", "The language xx is not supported.")]


def test_removed_language_deletes_its_translation(draft):
    translation_edits.remove_language(agreement=draft, language="de", now=NOW, by=None)
    assert translations.list_languages(draft) == ["en"]
    assert not TranslatedClause.objects.exists()
    assert not TranslatedActivity.objects.exists()
    with pytest.raises(ValidationError, match="not offered"):
        translation_edits.remove_language(agreement=draft, language="de", now=NOW, by=None)
    publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
    assert [row.language for row in AgreementText.objects.all()] == ["en"]


def test_new_draft_copies_translations(bilingual):
    new = version_drafts.start_draft(now=NOW, by=None)
    assert translations.list_languages(new) == ["en", "de"]
    assert version_drafts.find_problems(new) == []
    assert (
        version_documents.get_document(new, "de").sections == version_documents.get_document(bilingual, "de").sections
    )
    assert not set(new.translated_clauses.values_list("clause_id", flat=True)) & set(
        bilingual.clauses.values_list("pk", flat=True)
    )
    new.delete()
    assert bilingual.translated_clauses.count() == bilingual.clauses.count()


def test_new_draft_copies_governing_language(db):
    publishing.publish_version(agreement=create_draft_governed_by_german(), effective_at=NOW, now=NOW, by=None)
    assert translations.list_languages(version_drafts.start_draft(now=NOW, by=None)) == ["de", "en"]


@pytest.mark.parametrize("table", ["translation", "translatedclause", "translatedactivity"])
def test_database_rejects_changes_of_published_translations(bilingual, table):
    for sql in (
        f"UPDATE agreements_{table} SET language = 'fr'",
        f"DELETE FROM agreements_{table}",
        f"TRUNCATE agreements_{table} CASCADE",
    ):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic():
                cursor.execute(sql)


def test_published_version_rejects_translation_edits(bilingual):
    for edit in (
        translation_edits.add_language,
        translation_edits.set_governing_language,
        translation_edits.remove_language,
    ):
        with pytest.raises(Rejected, match="can't be changed"):
            edit(agreement=bilingual, language="de", now=NOW, by=None)
    with pytest.raises(Rejected, match="can't be changed"):
        translation_edits.save_translations(agreement=bilingual, language="de", words={}, now=NOW, by=None)
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        bilingual.translations.create(language="fr")
