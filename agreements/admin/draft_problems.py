"""What a draft still lacks, sorted to the places where it is mended."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.urls import reverse
from django.utils.text import capfirst

from agreements import version_drafts
from agreements.errors import Problem
from agreements.models import AgreementVersion

_CACHE_ATTRIBUTE = "_problems_found"
# The field of a row at which its problems are shown.
_LANGUAGE_SUFFIX = re.compile(r" \((\w+)\)$")
_PROBLEM_FIELDS = {"rates": "category", "activities": "title", "clauses": "body"}


class ProblemLine(NamedTuple):
    """One line of the summary: where it is mended ("" for nowhere in particular), what, and why."""

    href: str
    label: str
    cause: str


def get_problems(agreement: AgreementVersion) -> list[Problem]:
    """The problems of a draft, asked once for an instance: a page with seventy clauses shows one set of them."""
    if agreement.published_at is not None or agreement._state.adding:
        return []
    if not hasattr(agreement, _CACHE_ATTRIBUTE):
        setattr(agreement, _CACHE_ATTRIBUTE, version_drafts.find_problems(agreement))
    problems: list[Problem] = getattr(agreement, _CACHE_ATTRIBUTE)
    return problems


def list_causes(agreement: AgreementVersion, place: str) -> tuple[str, ...]:
    """What is wrong at one place that is no row: a field, or a part as a whole."""
    return tuple(problem.cause for problem in get_problems(agreement) if problem.place == place)


def list_row_causes(agreement: AgreementVersion, row: UUID) -> tuple[str, ...]:
    """What is wrong with one row."""
    return tuple(problem.cause for problem in get_problems(agreement) if problem.row == row)


def list_rule_causes(agreement: AgreementVersion) -> tuple[str, ...]:
    """What is wrong with the rules, which stand in no row."""
    return tuple(problem.cause for problem in get_problems(agreement) if problem.place.startswith("rule "))


def build_problem_lines(agreement: AgreementVersion, formsets: Iterable[Any]) -> list[ProblemLine]:
    """Everything that keeps a stored draft from being published, each with where on its page it is mended."""
    rows = {form.instance.pk: form for formset in formsets for form in formset.initial_forms}
    return [
        ProblemLine(_build_href(agreement, problem, rows), _build_label(problem), problem.cause)
        for problem in get_problems(agreement)
    ]


def _build_href(agreement: AgreementVersion, problem: Problem, rows: dict[UUID, Any]) -> str:
    if of_a_language := _LANGUAGE_SUFFIX.search(problem.place):
        page = reverse("admin:agreements_agreementversion_translations", args=[agreement.pk])
        return f"{page}?language={of_a_language[1]}"
    if problem.row in rows:
        form = rows[problem.row]
        field = _PROBLEM_FIELDS[form.prefix.rsplit("-", 1)[0]]
        return f"#{form[field].id_for_label}" if field in form.fields else ""
    if problem.place in _PROBLEM_FIELDS:
        return f"#{problem.place}-group"
    return f"#{problem.place.replace(' ', '-')}" if problem.place.startswith("rule ") else f"#id_{problem.place}"


def _build_label(problem: Problem) -> str:
    if problem.place in {field.name for field in AgreementVersion._meta.fields}:
        return capfirst(str(AgreementVersion._meta.get_field(problem.place).verbose_name))  # type: ignore[union-attr]  # a column
    return str(capfirst(problem.place))


def list_form_errors(form: Any, formsets: Iterable[Any]) -> list[ProblemLine]:
    """What the form that was sent has wrong, so that nothing of it was saved; each with the box that it is about."""
    every = [form, *(row for formset in formsets for row in formset.forms)]
    return [mend for one in every for mend in _list_errors_of_form(one)] + [
        ProblemLine(f"#{formset.prefix}-group", str(capfirst(formset.model._meta.verbose_name_plural)), cause)
        for formset in formsets
        for cause in formset.non_form_errors()
    ]


def _list_errors_of_form(form: Any) -> Iterator[ProblemLine]:
    for name, causes_ in form.errors.items():
        box = form[name] if name in form.fields else None
        row = str(form.instance) if form.prefix else ""
        label = ": ".join(part for part in (row.strip(), str(box.label) if box else "") if part)
        for cause in causes_:
            yield ProblemLine(f"#{box.id_for_label}" if box else "", capfirst(label), cause)
