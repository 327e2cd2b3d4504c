"""The text of a version as people read it: for a published one always the stored text, whatever became of the code since."""

from django.conf import settings

from agreements import languages, rendering, translations
from agreements.models import AgreementText, AgreementVersion
from agreements.rendering import Block, Document, Paragraph, Section, Span


def get_text(agreement: AgreementVersion, language: str = "") -> AgreementText | None:
    """The stored text of a published version, the governing one unless a language is named; None for a draft."""
    return AgreementText.objects.filter(agreement=agreement, language=language or agreement.language).first()


def get_document(agreement: AgreementVersion, language: str = "") -> Document:
    """What a reader of `language` sees, which the version must be offered in; "" for the governing text.

    Of a published version it has exactly the words of the stored text. UnresolvedPlaceholder for a draft whose text
    cannot be made.
    """
    stored = get_text(agreement, language)
    if stored is None:
        return rendering.render_document(translations.load_source(agreement, language), settings.PROGRAM_NAME)
    made = rerender_document(agreement, stored)
    return made if made.text == stored.text else parse_document(stored, agreement)


def rerender_document(agreement: AgreementVersion, stored: AgreementText) -> Document:
    """The document that a published version's rows give now, under the program's name of the time."""
    return rendering.render_document(translations.load_source(agreement, stored.language), extract_program_name(stored))


def extract_program_name(stored: AgreementText) -> str:
    """The program's name as a stored text has it in its title."""
    return languages.KNOWN[stored.language].parse_program_name(stored.text.split("\n", 1)[0])


def parse_document(stored: AgreementText, agreement: AgreementVersion) -> Document:
    """The document read back from its text, for a version whose rendering has changed since it was published."""
    head, *chunks = stored.text.strip("\n").split("\n\n")
    title, *facts = head.split("\n")
    clauses = translations.load_source(agreement, stored.language).clauses
    headings = {f"{c.number} {rendering.collapse_whitespace(c.heading)}": c for c in clauses}
    sections: list[tuple[str, str, list[Block]]] = []
    for chunk in chunks:
        clause = headings.get(chunk)
        if clause:
            sections.append((clause.number, clause.heading, []))
        elif sections:
            sections[-1][2].append(Paragraph((Span(chunk),)))
    read = tuple(Section(number, heading, tuple(blocks)) for number, heading, blocks in sections)
    return Document(title, tuple(facts), read, stored.language)
