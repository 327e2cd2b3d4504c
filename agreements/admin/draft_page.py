"""What the page of a version shows around its form: of a draft what has to be mended, of a published one its facts."""

from typing import Any

from django.utils import timezone

from agreements import changes, seed, terms
from agreements.admin import mending
from agreements.clauses import numbers
from agreements.models import Acceptance, Agreement
from agreements.rules import TERM_RULES, Rule


def of_draft(agreement: Agreement, form: Any, formsets: list[Any]) -> dict[str, Any]:
    """The summary at the top, and for each rule the clauses that state it."""
    return {
        "refused": mending.refused(form, formsets) if form.is_bound else [],
        "to_mend": mending.to_mend(agreement, formsets),
        "rules_stated": [_stated(rule, agreement, formsets) for rule in Rule],
    }


def _stated(rule: Rule, agreement: Agreement, formsets: list[Any]) -> dict[str, Any]:
    forms = [form for formset in formsets if formset.prefix == "clauses" for form in formset.initial_forms]
    example = next(clause for clause in seed.CLAUSES if rule in clause.rules)
    return {
        "name": rule.value,
        "wrong": mending.at(agreement, f"rule {rule.value}"),
        "example": f"{example.number} {example.heading}",
        "clauses": [
            {"number": form.instance.number, "anchor": f"id_{form.prefix}-body"}
            for form in forms
            if rule.value in form.instance.rules
        ],
    }


def of_published(agreement: Agreement) -> dict[str, Any]:
    """Its facts, and its terms with the clause that states each."""
    stated_in = numbers(agreement.pk)
    return {
        "now": timezone.now(),
        "withdrawal": getattr(agreement, "withdrawal", None),
        "predecessor": changes.predecessor(agreement),
        "accepted": Acceptance.objects.filter(agreement=agreement).count(),
        "texts": agreement.texts.order_by("language"),
        "terms": [
            {
                "label": Agreement._meta.get_field(term).verbose_name,  # type: ignore[union-attr]  # a column
                "value": terms.wording(term, terms.value_of(agreement, term), agreement.currency),
                "clause": stated_in.get(TERM_RULES[term].value, ""),
            }
            for term in terms.TERMS
        ],
    }
