"""The agreement as a PDF: the stored text on A4, with version, page number and SHA-256 on each page."""

from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from agreements import languages, version_documents
from agreements.models import Acceptance, AgreementText
from agreements.rendering import Block, Document, Span, Table
from lib.typesetting import compile_pdf
from mail.attachments import Attachment

_SOURCE = Path(__file__).with_name("agreement.typ")


@lru_cache(maxsize=8)
def render_text(text_id: UUID) -> bytes:
    """Return the PDF of a published version's text; cached, because it never changes."""
    text = AgreementText.objects.select_related("agreement").get(pk=text_id)
    return compile_document(version_documents.get_document(text.agreement, text.language), _format_seal(text))


def render_acceptance(acceptance: Acceptance) -> bytes:
    """Return the PDF of the accepted text, with the record's number and fingerprint on each page."""
    text = _get_accepted_text(acceptance)
    record = languages.KNOWN[text.language].record.format(sequence=acceptance.sequence, hash=acceptance.hash)
    return compile_document(version_documents.get_document(text.agreement, text.language), _format_seal(text), record)


def _get_accepted_text(acceptance: Acceptance) -> AgreementText:
    texts = AgreementText.objects.select_related("agreement")
    return texts.get(agreement=acceptance.agreement_id, language=acceptance.language)


def _format_seal(text: AgreementText) -> str:
    return languages.KNOWN[text.language].seal.format(sha256=text.sha256)


def compile_document(document: Document, *seals: str) -> bytes:
    """Typeset a document, with `seals` on each page; the text is passed as data and never read as markup."""
    data = {
        "title": document.title,
        "facts": document.facts,
        "seals": seals,
        "language": document.language,
        "sections": [
            {
                "number": s.number,
                "heading": s.heading,
                "level": s.level,
                "blocks": [_serialize_block(b) for b in s.blocks],
            }
            for s in document.sections
        ],
    }
    return compile_pdf(_SOURCE, data)


def _serialize_block(block: Block) -> dict[str, Any]:
    if isinstance(block, Table):
        rows = [[_serialize_span(cell) for cell in row] for row in block.rows]
        return {"kind": block.kind, "columns": block.columns, "rows": rows}
    return {"kind": block.kind, "spans": [_serialize_span(span) for span in block.spans]}


def _serialize_span(span: Span) -> dict[str, str]:
    return {"text": span.text, "term": span.term}


def build_file_name(text: AgreementText) -> str:
    """Return a portable file name: "agreement-version-2.pdf", for a translation "agreement-version-2-de.pdf"."""
    version = text.agreement
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in version.name).strip("-").lower()
    suffix = "" if text.language == version.language else f"-{text.language}"
    return f"agreement-version-{plain or version.number}{suffix}.pdf"


def build_text_attachment(text_id: str) -> Attachment:
    """Build the attachment "agreement"; `text_id` is the id of a text, or of a version for its governing text."""
    texts = AgreementText.objects.select_related("agreement")
    text = texts.get(Q(pk=text_id) | Q(agreement=text_id, language=F("agreement__language")))
    return Attachment(build_file_name(text), render_text(text.pk), "application/pdf")


def build_acceptance_attachment(acceptance_id: str) -> Attachment:
    """Build the attachment "accepted agreement"."""
    acceptance = Acceptance.objects.get(pk=acceptance_id)
    return Attachment(build_file_name(_get_accepted_text(acceptance)), render_acceptance(acceptance), "application/pdf")
