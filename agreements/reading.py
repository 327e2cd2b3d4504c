"""The text of a version as people read it: for a published one always the stored text, whatever became of the code since."""

from django.conf import settings

from agreements import rendering
from agreements.models import Agreement, AgreementText
from agreements.rendering import Block, Document, Paragraph, Section, Span


def text_of(agreement: Agreement, language: str = rendering.GOVERNING) -> AgreementText | None:
    """The stored text of a published version; None for a draft."""
    return AgreementText.objects.filter(agreement=agreement, language=language).first()


def document_of(agreement: Agreement) -> Document:
    """What a reader sees. Of a published version it has exactly the words of the stored text.

    UnresolvedPlaceholder for a draft whose text cannot be made.
    """
    stored = text_of(agreement)
    if stored is None:
        return rendering.render(rendering.source_of(agreement), settings.PROGRAM_NAME)
    made = rendered_again(agreement, stored.text)
    return made if made.text == stored.text else from_text(stored.text, agreement)


def rendered_again(agreement: Agreement, stored: str) -> Document:
    """The document that a published version's rows give now, under the program's name of the time."""
    return rendering.render(rendering.source_of(agreement), program_name(stored))


def program_name(stored: str) -> str:
    """The program's name as a stored text has it in its title."""
    return stored.split("\n", 1)[0].removeprefix(rendering.TITLE)


def from_text(stored: str, agreement: Agreement) -> Document:
    """The document read back from its text, for a version whose rendering has changed since it was published."""
    head, *chunks = stored.strip("\n").split("\n\n")
    title, *facts = head.split("\n")
    headings = {f"{c.number} {rendering.tidy(c.heading)}": c for c in agreement.clauses.all()}
    sections: list[tuple[str, str, list[Block]]] = []
    for chunk in chunks:
        clause = headings.get(chunk)
        if clause:
            sections.append((clause.number, clause.heading, []))
        elif sections:
            sections[-1][2].append(Paragraph((Span(chunk),)))
    return Document(title, tuple(facts), tuple(Section(n, h, tuple(blocks)) for n, h, blocks in sections))
