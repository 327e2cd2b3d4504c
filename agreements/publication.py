"""A version as JSON for programs (specification 10)."""

from datetime import UTC
from decimal import Decimal
from typing import Any

from agreements import translations, version_documents
from agreements.models import AgreementText, AgreementVersion
from agreements.terms import TERMS, get_term_value


def serialize_version(version: AgreementVersion, text: AgreementText) -> dict[str, Any]:
    """Return a published version as JSON data, with amounts and rates as strings with two decimals.

    `text` selects the language of clauses and activities; clauses have their accepted text, with placeholders resolved.
    """
    source = translations.load_source(version, text.language)
    sections = {section.number: section for section in version_documents.get_document(version, text.language).sections}
    effective_at = version.effective_at.astimezone(UTC).isoformat() if version.effective_at else None
    return {
        "id": str(version.pk),
        "version": version.name,
        "number": version.number,
        "effective_at": effective_at,
        "detriment": version.detriment,
        "sha256": text.sha256,
        "language": text.language,
        "governing_language": version.language,
        "texts": {row.language: row.sha256 for row in version.texts.order_by("language")},
        "terms": {name: _serialize_value(get_term_value(version, name)) for name in TERMS},
        "rates": [
            {
                "category": r.category,
                "name": r.name,
                "percent": _serialize_value(r.percent),
                "everything_else": r.everything_else,
            }
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
                "text": sections[c.number].body,
                "rules": c.rules,
            }
            for c in source.clauses
        ],
    }


def _serialize_value(value: object) -> object:
    return f"{value:.2f}" if isinstance(value, Decimal) else value
