"""Render a version's data as a document: canonical plain text, page and PDF (specification 2).

Rendering is deterministic: the same rows and program name give the same text, byte for byte, because affiliates accept
its SHA-256. It must not depend on the clock, the settings or the reader.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import Formatter

from agreements import languages, terms
from agreements.errors import UnresolvedPlaceholder
from agreements.languages import ENGLISH, Wording
from agreements.models import AgreementVersion, Clause, ProhibitedActivity, Rate


@dataclass(frozen=True)
class Span:
    """A piece of a paragraph; `term` is the term whose value it is, "" for other text."""

    text: str
    term: str = ""


@dataclass(frozen=True)
class Paragraph:
    spans: tuple[Span, ...]
    kind = "paragraph"

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True)
class Table:
    """A table; `name` is its placeholder."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Span, ...], ...]
    kind = "table"

    @property
    def labeled_rows(self) -> list[list[tuple[str, Span]]]:
        """The rows with the column name beside each cell, for narrow screens."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def text(self) -> str:
        lines = [self.columns, *(tuple(cell.text for cell in row) for row in self.rows)]
        return "\n".join(" | ".join(line) for line in lines)


Block = Paragraph | Table


@dataclass(frozen=True)
class Section:
    """A rendered clause."""

    number: str
    heading: str
    blocks: tuple[Block, ...]

    @property
    def level(self) -> int:
        """The heading level: 2 for "3", 3 for "3.2"."""
        return 3 if "." in self.number else 2

    @property
    def body(self) -> str:
        """The text under the heading."""
        return "\n\n".join(block.text for block in self.blocks)

    @property
    def text(self) -> str:
        return "\n\n".join([f"{self.number} {self.heading}", *(block.text for block in self.blocks)])


@dataclass(frozen=True)
class Document:
    title: str
    facts: tuple[str, ...]
    sections: tuple[Section, ...]
    language: str = languages.DEFAULT

    @property
    def text(self) -> str:
        """The canonical text: lines end with a line feed, one blank line separates blocks."""
        return "\n\n".join(["\n".join([self.title, *self.facts]), *(s.text for s in self.sections)]) + "\n"


@dataclass(frozen=True)
class Source:
    """The rows of a version; for a translation, `governing` has those of the governing language."""

    agreement: AgreementVersion
    rates: Sequence[Rate]
    activities: Sequence[ProhibitedActivity]
    clauses: Sequence[Clause]
    language: str = languages.DEFAULT
    governing: "Source | None" = None


def load_source(version: AgreementVersion) -> Source:
    """Load the rows of `version` in its governing language."""
    return Source(
        version,
        list(version.rates.order_by("position", "category")),
        list(version.activities.order_by("position", "code")),
        list(version.clauses.order_by("position", "id")),
        version.language,
    )


def render_document(source: Source, program_name: str) -> Document:
    """Return the document of a version.

    Raises UnresolvedPlaceholder, with the clause, for an unknown placeholder or braces that don't match.
    """
    words = languages.KNOWN[source.language]
    values = build_placeholder_values(source.agreement, program_name, words)
    blocks = {
        "rate_card": build_rate_table(source.rates, words),
        "prohibited_activities": build_activity_table(source.activities, words),
    }
    sections = tuple(
        Section(clause.number, collapse_whitespace(clause.heading), tuple(_build_blocks(clause, values, blocks)))
        for clause in source.clauses
    )
    return Document(
        words.format_title(program_name), tuple(_build_facts(source, program_name, words)), sections, source.language
    )


def _build_facts(source: Source, program_name: str, words: Wording) -> Iterator[str]:
    """Yield the lines under the title; a translation states which text governs and its SHA-256."""
    version = source.agreement
    at = version.effective_at
    yield words.version.format(name=version.name)
    yield words.effect.format(at=words.format_datetime(at, version.time_zone) if at else words.not_published)
    yield words.governing.format(language=words.get_language_name(languages.KNOWN[version.language]))
    if source.governing:
        yield words.translation
        if at:
            yield words.governing_sha256.format(
                sha256=compute_sha256(render_document(source.governing, program_name).text)
            )


def build_placeholder_values(version: AgreementVersion, program_name: str, words: Wording = ENGLISH) -> dict[str, str]:
    """Return the text of each placeholder except the tables."""
    values = ((term, terms.get_term_value(version, term)) for term in terms.TERMS)
    texts = {term: terms.format_term_value(term, value, version.currency, words) for term, value in values}
    return texts | {"program_name": program_name}


PLACEHOLDERS = (*terms.TERMS, "rate_card", "prohibited_activities", "program_name")
"""The placeholders allowed in the body of a clause."""


def build_rate_table(rates: Sequence[Rate], words: Wording = ENGLISH) -> Table:
    rows = tuple(
        (
            Span(collapse_whitespace(rate.name) + (words.every_other if rate.everything_else else "")),
            Span(words.format_percent(rate.percent), "rate_card"),
        )
        for rate in rates
    )
    return Table("rate_card", words.rate_card, rows)


def build_activity_table(rows: Sequence[ProhibitedActivity], words: Wording = ENGLISH) -> Table:
    return Table(
        "prohibited_activities",
        words.activities,
        tuple(
            (
                Span(collapse_whitespace(r.title)),
                Span(collapse_whitespace(r.text)),
                Span(words.consequences[r.gravest_consequence]),
            )
            for r in rows
        ),
    )


def collapse_whitespace(text: str) -> str:
    """Return `text` on one line with single spaces, so that it cannot imitate a separate block."""
    return " ".join(text.split())


def split_paragraphs(body: str) -> list[str]:
    """Split a body at blank lines into paragraphs, each on one line."""
    lines = [line.strip() for line in body.splitlines()]
    return [collapse_whitespace(part) for part in "\n".join(lines).split("\n\n") if part.strip()]


def parse_placeholders(clause: Clause, paragraph: str) -> list[tuple[str, str | None]]:
    """Return the paragraph as pairs of literal text and the placeholder after it (None at the end).

    Raises UnresolvedPlaceholder for an unknown placeholder or braces that don't match.
    """
    try:
        parsed = list(Formatter().parse(paragraph))
    except ValueError:
        raise UnresolvedPlaceholder(clause.number, "", "a brace { or } is unmatched.") from None
    for _literal, name, spec, conversion in parsed:
        if name is not None and (spec or conversion or name not in PLACEHOLDERS):
            raise UnresolvedPlaceholder(clause.number, name, f"{{{name}}} is not a placeholder.")
    return [(literal, name) for literal, name, _spec, _conversion in parsed]


def _build_blocks(clause: Clause, values: dict[str, str], blocks: dict[str, Table]) -> list[Block]:
    return [_build_block(clause, paragraph, values, blocks) for paragraph in split_paragraphs(clause.body)]


def _build_block(clause: Clause, paragraph: str, values: dict[str, str], blocks: dict[str, Table]) -> Block:
    spans: list[Span] = []
    for literal, name in parse_placeholders(clause, paragraph):
        if name in blocks:
            if paragraph != f"{{{name}}}":
                raise UnresolvedPlaceholder(clause.number, name, f"{{{name}}} must be a paragraph of its own.")
            return blocks[name]
        spans += [Span(literal)] if literal else []
        spans += [Span(values[name], name)] if name else []
    return Paragraph(tuple(spans))


def compute_sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal, as `sha256sum` prints it."""
    return hashlib.sha256(text.encode()).hexdigest()
