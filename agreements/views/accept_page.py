"""The context of the acceptance page, for affiliates and for the preview of staff."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from agreements import changes, version_documents
from agreements.clauses import get_clause_number
from agreements.forms import AcceptForm, get_button_label
from agreements.models import AgreementVersion
from agreements.rules import Rule
from agreements.term_impact import TermImpact
from agreements.views import language


def build_context(
    request: HttpRequest,
    version: AgreementVersion,
    current: AgreementVersion | None,
    form: AcceptForm,
    impact: TermImpact | None = None,
) -> dict[str, Any]:
    """Return the text in the chosen language, the changes from `current` and the form.

    Raises UnresolvedPlaceholder for a draft that cannot be rendered.
    """
    chosen = language.resolve_page_language(request, version)
    text = version_documents.get_text(version, chosen)
    form.initial["text_sha256"], form.initial["language"] = text.sha256 if text else "", chosen
    return language.build_context(version, chosen) | {
        "agreement": version,
        "current": current,
        "changed": changes.compare_versions(version, current, chosen) if current and current != version else None,
        "impact": impact,
        "document": version_documents.get_document(version, chosen),
        "text": text,
        "form": form,
        "button": get_button_label(),
        "decline_clause": get_clause_number(version.pk, Rule.DECLINE),
        "now": timezone.now(),
    }
