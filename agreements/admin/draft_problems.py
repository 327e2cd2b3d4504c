"""The problems of a draft, by the place where they can be fixed."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.urls import reverse
from django.utils.text import capfirst

from agreements import version_drafts
from agreements.errors import Problem
from agreements.models import AgreementVersion
from agreements.terms import get_column

_CACHE_ATTRIBUTE = "_cached_problems"
_LANGUAGE_SUFFIX = re.compile(r" \((\w+)\)$")
# The field of a row to which its problems link.
_PROBLEM_FIELDS = {"rates": "category", "activities": "title", "clauses": "body"}


class ProblemLine(NamedTuple):
    """A line of the summary: a link to the place to fix ("" for none), its label and the cause."""

    href: str
    label: str
    cause: str


def get_problems(version: AgreementVersion) -> list[Problem]:
    """Return the problems of a draft, cached on the instance because every row of a page needs them."""
    if version.published_at is not None or version._state.adding:
        return []
    if not hasattr(version, _CACHE_ATTRIBUTE):
        setattr(version, _CACHE_ATTRIBUTE, version_drafts.find_problems(version))
    problems: list[Problem] = getattr(version, _CACHE_ATTRIBUTE)
    return problems


def list_causes(version: AgreementVersion, place: str) -> tuple[str, ...]:
    """Return the problems of a place that is not a row: a field, or a part as a whole."""
    return tuple(problem.cause for problem in get_problems(version) if problem.place == place)


def list_row_causes(version: AgreementVersion, row: UUID) -> tuple[str, ...]:
    """Return the problems of a row."""
    return tuple(problem.cause for problem in get_problems(version) if problem.row == row)


def list_rule_causes(version: AgreementVersion) -> tuple[str, ...]:
    """Return the problems of rules, which belong to no row."""
    return tuple(problem.cause for problem in get_problems(version) if problem.place.startswith("rule "))


def build_problem_lines(version: AgreementVersion, formsets: Iterable[Any]) -> list[ProblemLine]:
    """Return the problems of a stored draft with links to their places on its page."""
    rows = {form.instance.pk: form for formset in formsets for form in formset.initial_forms}
    return [
        ProblemLine(_build_href(version, problem, rows), _build_label(problem), problem.cause)
        for problem in get_problems(version)
    ]


def _build_href(version: AgreementVersion, problem: Problem, rows: dict[UUID, Any]) -> str:
    if language := _LANGUAGE_SUFFIX.search(problem.place):
        page = reverse("admin:agreements_agreementversion_translations", args=[version.pk])
        return f"{page}?language={language[1]}"
    if problem.row in rows:
        form = rows[problem.row]
        field = _PROBLEM_FIELDS[form.prefix.rsplit("-", 1)[0]]
        return f"#{form[field].id_for_label}" if field in form.fields else ""
    if problem.place in _PROBLEM_FIELDS:
        return f"#{problem.place}-group"
    return f"#{problem.place.replace(' ', '-')}" if problem.place.startswith("rule ") else f"#id_{problem.place}"


def _build_label(problem: Problem) -> str:
    if problem.place in {field.name for field in AgreementVersion._meta.fields}:
        return capfirst(str(get_column(problem.place).verbose_name))
    return str(capfirst(problem.place))


def list_form_errors(form: Any, formsets: Iterable[Any]) -> list[ProblemLine]:
    """Return the errors of a submitted form with links to their fields."""
    all_forms = [form, *(row for formset in formsets for row in formset.forms)]
    return [line for one in all_forms for line in _list_errors_of_form(one)] + [
        ProblemLine(f"#{formset.prefix}-group", str(capfirst(formset.model._meta.verbose_name_plural)), cause)
        for formset in formsets
        for cause in formset.non_form_errors()
    ]


def _list_errors_of_form(form: Any) -> Iterator[ProblemLine]:
    for name, causes in form.errors.items():
        field = form[name] if name in form.fields else None
        row = str(form.instance) if form.prefix else ""
        label = ": ".join(part for part in (row.strip(), str(field.label) if field else "") if part)
        for cause in causes:
            yield ProblemLine(f"#{field.id_for_label}" if field else "", capfirst(label), cause)
