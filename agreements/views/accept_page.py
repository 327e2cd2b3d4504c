"""What the page of acceptance shows: to the affiliate who is asked, and to staff who preview it."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from agreements import changes, reading
from agreements.clauses import clause_of
from agreements.forms import AcceptForm, button_label
from agreements.models import Agreement
from agreements.rules import Rule
from agreements.term_impact import TermImpact
from agreements.views import language


def context(
    request: HttpRequest,
    agreement: Agreement,
    current: Agreement | None,
    form: AcceptForm,
    means: TermImpact | None = None,
) -> dict[str, Any]:
    """The whole text in the language chosen, with the differences against `current`, and the box that is not ticked.

    UnresolvedPlaceholder for a draft whose text cannot be made.
    """
    chosen = language.for_page(request, agreement)
    text = reading.text_of(agreement, chosen)
    form.initial["text_sha256"], form.initial["language"] = text.sha256 if text else "", chosen
    return language.context(agreement, chosen) | {
        "agreement": agreement,
        "current": current,
        "changed": changes.of(agreement, current, chosen) if current and current != agreement else None,
        "means": means,
        "document": reading.document_of(agreement, chosen),
        "text": text,
        "form": form,
        "button": button_label(),
        "decline_clause": clause_of(agreement.pk, Rule.DECLINE),
        "now": timezone.now(),
    }
