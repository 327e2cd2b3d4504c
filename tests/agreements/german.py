"""A draft with a German translation: paragraphs are English with a German prefix, except in clause 3.2."""

from datetime import datetime

from agreements import publishing, rendering, seeding, translation_edits
from agreements.models import AgreementText, AgreementVersion, Clause
from agreements.placeholders import BLOCKS
from agreements.translation_edits import TranslatedWords
from tests.table_copies import build_once

WINDOW = "Eine Bestellung zählt, wenn seit dem Klick höchstens {attribution_days} vergangen sind."
WINDOW_READ = "Eine Bestellung zählt, wenn seit dem Klick höchstens 3 Tage vergangen sind."


def build_german_words(clause: Clause) -> TranslatedWords:
    """Translate a clause, keeping its placeholders."""
    if clause.number == "3.2":
        return TranslatedWords("Die Frist", WINDOW)
    blocks = [f"{{{name}}}" for name in BLOCKS]
    parts = [p if p in blocks else f"Auf Deutsch: {p}" for p in rendering.split_paragraphs(clause.body)]
    return TranslatedWords(f"Abschnitt über {clause.heading}", "\n\n".join(parts))


def add_german_translation(draft: AgreementVersion, now: datetime) -> AgreementVersion:
    """Offer a draft in German with a complete translation."""
    translation_edits.add_language(agreement=draft, language="de", now=now, by=None)
    words = {clause.pk: build_german_words(clause) for clause in draft.clauses.all()}
    words |= {
        row.pk: TranslatedWords(f"Verhalten {row.title}", f"Auf Deutsch: {row.text}") for row in draft.activities.all()
    }
    translation_edits.save_translations(agreement=draft, language="de", words=words, now=now, by=None)
    return draft


def create_bilingual_draft(now: datetime) -> AgreementVersion:
    """Create a draft of the seed agreement in English and German."""
    return add_german_translation(seeding.create_seed_draft(now=now), now)


def create_bilingual_draft_once(now: datetime) -> AgreementVersion:
    """Create the draft, or insert the rows written before."""
    build_once(("bilingual draft", now), lambda: create_bilingual_draft(now))
    return AgreementVersion.objects.get()


def publish_bilingual_version_once(at: datetime) -> AgreementVersion:
    """Publish the draft, in effect since `at`, or insert the rows written before."""

    def publish() -> None:
        publishing.publish_version(agreement=create_bilingual_draft(at), effective_at=at, now=at, by=None)

    build_once(("bilingual version", at), publish)
    return AgreementVersion.objects.get()


def get_text(version: AgreementVersion, language: str) -> AgreementText:
    """Return the text of a published version in `language`."""
    return AgreementText.objects.get(agreement=version, language=language)
