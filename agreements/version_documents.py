"""The text of a version for readers; for a published version always the stored text."""

from django.conf import settings

from agreements import languages, rendering, translations
from agreements.models import AgreementText, AgreementVersion
from agreements.rendering import Block, Document, Paragraph, Section, Span


def get_text(version: AgreementVersion, language: str = "") -> AgreementText | None:
    """Return the stored text of a published version in `language`, "" for the governing one; None for a draft."""
    return AgreementText.objects.filter(agreement=version, language=language or version.language).first()


def get_document(version: AgreementVersion, language: str = "") -> Document:
    """Return the document in `language`, in which the version must be offered; "" for the governing text.

    For a published version it has exactly the stored text. Raises UnresolvedPlaceholder for a draft that cannot be
    rendered.
    """
    stored = get_text(version, language)
    if stored is None:
        return rendering.render_document(translations.load_source(version, language), settings.PROGRAM_NAME)
    rendered = rerender_document(version, stored)
    return rendered if rendered.text == stored.text else parse_document(stored, version)


def rerender_document(version: AgreementVersion, stored: AgreementText) -> Document:
    """Render a published version again from its rows, with the program name in the stored text."""
    return rendering.render_document(translations.load_source(version, stored.language), extract_program_name(stored))


def extract_program_name(stored: AgreementText) -> str:
    """Return the program name from the title of a stored text."""
    return languages.KNOWN[stored.language].parse_program_name(stored.text.split("\n", 1)[0])


def parse_document(stored: AgreementText, version: AgreementVersion) -> Document:
    """Parse a stored text into a document, for a version whose rendering has changed since it was published."""
    head, *chunks = stored.text.strip("\n").split("\n\n")
    title, *facts = head.split("\n")
    clauses = translations.load_source(version, stored.language).clauses
    headings = {f"{c.number} {rendering.collapse_whitespace(c.heading)}": c for c in clauses}
    sections: list[tuple[str, str, list[Block]]] = []
    for chunk in chunks:
        clause = headings.get(chunk)
        if clause:
            sections.append((clause.number, clause.heading, []))
        elif sections:
            sections[-1][2].append(Paragraph((Span(chunk),)))
    parsed = tuple(Section(number, heading, tuple(blocks)) for number, heading, blocks in sections)
    return Document(title, tuple(facts), parsed, stored.language)
