"""The context of a version's admin page: problems of a draft, facts of a published version."""

from typing import Any

from django.utils import timezone

from agreements import changes, seed, terms
from agreements.admin import draft_problems, responses_page
from agreements.clauses import get_clause_numbers
from agreements.models import AgreementVersion
from agreements.rules import TERM_RULES, Rule


def build_draft_context(version: AgreementVersion, form: Any, formsets: list[Any]) -> dict[str, Any]:
    """Return the problems for the summary at the top, and for each rule the clauses that state it."""
    return {
        "form_errors": draft_problems.list_form_errors(form, formsets) if form.is_bound else [],
        "problems": draft_problems.build_problem_lines(version, formsets),
        "rule_rows": [_describe_rule(rule, version, formsets) for rule in Rule],
    }


def _describe_rule(rule: Rule, version: AgreementVersion, formsets: list[Any]) -> dict[str, Any]:
    forms = [form for formset in formsets if formset.prefix == "clauses" for form in formset.initial_forms]
    example = next(clause for clause in seed.CLAUSES if rule in clause.rules)
    return {
        "name": rule.value,
        "problems": draft_problems.list_causes(version, f"rule {rule.value}"),
        "example": f"{example.number} {example.heading}",
        "clauses": [
            {"number": form.instance.number, "anchor": f"id_{form.prefix}-body"}
            for form in forms
            if rule.value in form.instance.rules
        ],
    }


def build_published_context(version: AgreementVersion) -> dict[str, Any]:
    """Return the facts of a published version, and its terms with their clauses."""
    clauses = get_clause_numbers(version.pk)
    return {
        "now": timezone.now(),
        "withdrawal": getattr(version, "withdrawal", None),
        "predecessor": changes.get_predecessor(version),
        "answers": responses_page.list_counts(version),
        "texts": version.texts.order_by("language"),
        "terms": [
            {
                "label": terms.get_column(term).verbose_name,
                "value": terms.format_term_value(term, terms.get_term_value(version, term), version.currency),
                "clause": clauses.get(TERM_RULES[term].value, ""),
            }
            for term in terms.TERMS
        ],
    }
