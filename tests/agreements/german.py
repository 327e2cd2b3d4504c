"""A draft in German, for tests: each paragraph is marked as German, and one clause really is."""

from datetime import datetime

from agreements import rendering, seeding, translating
from agreements.models import Agreement, AgreementText, Clause
from agreements.placeholders import BLOCKS
from agreements.translating import Words

WINDOW = "Eine Bestellung zählt, wenn seit dem Klick höchstens {attribution_days} vergangen sind."
WINDOW_READ = "Eine Bestellung zählt, wenn seit dem Klick höchstens 3 Tage vergangen sind."


def words_of(clause: Clause) -> Words:
    """A clause in German, with the placeholders that it has."""
    if clause.number == "3.2":
        return Words("Die Frist", WINDOW)
    blocks = [f"{{{name}}}" for name in BLOCKS]
    parts = [p if p in blocks else f"Auf Deutsch: {p}" for p in rendering.paragraphs(clause.body)]
    return Words(f"Abschnitt über {clause.heading}", "\n\n".join(parts))


def translate(draft: Agreement, now: datetime) -> Agreement:
    """Offer a draft in German, with all of it translated."""
    translating.offer(agreement=draft, language="de", now=now, by=None)
    words = {clause.pk: words_of(clause) for clause in draft.clauses.all()}
    words |= {row.pk: Words(f"Verhalten {row.title}", f"Auf Deutsch: {row.text}") for row in draft.activities.all()}
    translating.translate(agreement=draft, language="de", words=words, now=now, by=None)
    return draft


def draft(now: datetime) -> Agreement:
    """The seed agreement as a draft in English and German."""
    return translate(seeding.draft(now=now), now)


def text(version: Agreement, language: str) -> AgreementText:
    """One of the texts of a published version."""
    return AgreementText.objects.get(agreement=version, language=language)
