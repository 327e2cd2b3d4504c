"""A version for machines: everything in it as plain JSON, amounts as text (CONTRACT 10)."""

from datetime import UTC
from decimal import Decimal
from typing import Any

from agreements import reading, translations
from agreements.models import Agreement, AgreementText
from agreements.terms import TERMS, value_of


def terms(agreement: Agreement, text: AgreementText) -> dict[str, Any]:
    """A published version: its terms (amounts and rates as text with two decimals), rates, activities and clauses.

    `text` is the one of its texts whose language is wanted: the words of clauses and activities are in it, and the text
    of a clause is the one that was accepted, its placeholders filled in.
    """
    source = translations.source_in(agreement, text.language)
    read = {section.number: section for section in reading.document_of(agreement, text.language).sections}
    effective_at = agreement.effective_at.astimezone(UTC).isoformat() if agreement.effective_at else None
    return {
        "id": str(agreement.pk),
        "version": agreement.name,
        "number": agreement.number,
        "effective_at": effective_at,
        "detriment": agreement.detriment,
        "sha256": text.sha256,
        "language": text.language,
        "governing_language": agreement.language,
        "texts": {row.language: row.sha256 for row in agreement.texts.order_by("language")},
        "terms": {name: _plain(value_of(agreement, name)) for name in TERMS},
        "rates": [
            {"category": r.category, "percent": _plain(r.percent), "everything_else": r.everything_else}
            for r in source.rates
        ],
        "prohibited_activities": [
            {"code": a.code, "title": a.title, "text": a.text, "gravest_consequence": a.gravest_consequence}
            for a in source.activities
        ],
        "clauses": [
            {
                "number": c.number,
                "heading": c.heading,
                "text": read[c.number].body,
                "rules": c.rules,
            }
            for c in source.clauses
        ],
    }


def _plain(value: object) -> object:
    return f"{value:.2f}" if isinstance(value, Decimal) else value
