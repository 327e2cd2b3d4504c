"""Start drafts as copies of the newest version, and find problems that block publication (specification 2)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements import placeholders, rendering, seed, terms, translation_problems, translations
from agreements.errors import Problem
from agreements.models import AgreementVersion, Clause
from agreements.program_currency import TWO_DECIMAL_CURRENCIES
from agreements.rendering import Source
from agreements.rules import RULE_TERMS, Rule
from audit import trail
from lib.ids import uuid7
from lib.time_zones import is_time_zone

# The audit reason of edits of a draft, which nobody can accept yet.
DRAFT_EDITED = "The draft was edited before its publication."
SECTIONS = range(1, 13)
# The same in every version (specification 2).
FIXED_TERMS = ("currency", "time_zone")
PARTS = ("rates", "activities", "clauses")


@transaction.atomic
def start_draft(*, now: datetime, by: User | None, source: AgreementVersion | None = None) -> AgreementVersion:
    """Create a draft as a copy of `source` or the newest published version; an empty draft if there is none."""
    source = source or AgreementVersion.objects.published().order_by("-effective_at").first()
    draft = AgreementVersion(name=generate_name(), drafted_at=now)
    for term in ("language", *terms.TERMS) if source else ():
        setattr(draft, term, getattr(source, term))
    draft.save()
    if source:
        translations.copy_translations(draft, source, _copy_parts(source, draft))
    trail.record(
        action="agreement drafted",
        subject=draft,
        now=now,
        by=by,
        after={"name": draft.name, "from": source or ""},
        reason="A new version is prepared.",
    )
    return draft


def _copy_parts(source: AgreementVersion, draft: AgreementVersion) -> dict[UUID, UUID]:
    """Copy the parts of `source` to `draft` and return {old part id: new part id}."""
    pairs: dict[UUID, UUID] = {}
    for part in PARTS:
        rows = list(getattr(source, part).all())
        for row in rows:
            old, row.pk, row.agreement = row.pk, uuid7(), draft
            pairs[old] = row.pk
        if rows:
            type(rows[0]).objects.bulk_create(rows)
    return pairs


def generate_name() -> str:
    """Return the next number that is not yet the name of a version."""
    taken = set(AgreementVersion.objects.values_list("name", flat=True))
    number = AgreementVersion.objects.filter(published_at__isnull=False).count() + 1
    while str(number) in taken:
        number += 1
    return str(number)


def find_problems(version: AgreementVersion) -> list[Problem]:
    """Return all problems that keep a draft from being published, with place and cause."""
    source = rendering.load_source(version)
    return [
        *_check_terms(version),
        *_check_fixed_terms(version),
        *_check_rates(source),
        *_check_activities(source),
        *_check_clauses(source),
        *_check_rules(source),
        *translation_problems.find_problems(source),
    ]


def _check_terms(version: AgreementVersion) -> Iterator[Problem]:
    try:
        version.clean_fields()
    except ValidationError as error:
        for field, messages in error.message_dict.items():
            yield from (Problem(field, message) for message in messages)
    if version.rate_floor > version.rate_ceiling:
        yield Problem("rate_floor", _("The lowest rate is higher than the highest rate."))
    if version.currency not in TWO_DECIMAL_CURRENCIES:
        yield Problem("currency", _("Enter the ISO 4217 code of a currency with two decimals, such as USD."))
    if not is_time_zone(version.time_zone):
        yield Problem("time_zone", _("Enter the name of a time zone, such as Europe/Berlin."))


def _check_fixed_terms(version: AgreementVersion) -> Iterator[Problem]:
    for field, cause in find_changed_fixed_terms({field: getattr(version, field) for field in FIXED_TERMS}):
        yield Problem(field, cause)


def find_changed_fixed_terms(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield field and cause for each of `values` that differs from the published versions but must not."""
    first = AgreementVersion.objects.published().order_by("effective_at").first()
    for field in FIXED_TERMS if first else ():
        fixed = getattr(first, field)
        if values.get(field, fixed) != fixed:
            yield field, _("It must be %(value)s, the same in every version.") % {"value": fixed}


def _check_rates(source: Source) -> Iterator[Problem]:
    floor, ceiling = source.agreement.rate_floor, source.agreement.rate_ceiling
    for rate in source.rates:
        if not floor <= rate.percent <= ceiling:
            cause = _("%(rate)s is not between %(floor)s and %(ceiling)s.") % {
                "rate": terms.format_percent(rate.percent),
                "floor": terms.format_percent(floor),
                "ceiling": terms.format_percent(ceiling),
            }
            yield Problem(f"rate {rate.category}", cause, rate.pk)
    counts = Counter(rate.category for rate in source.rates)
    names = Counter(rate.name for rate in source.rates)
    for rate in source.rates:
        if not rate.name.strip():
            yield Problem(f"rate {rate.category}", _("Enter a display name."), rate.pk)
        elif names[rate.name] > counts[rate.category]:
            yield Problem(f"rate {rate.category}", _("Another category has the same display name."), rate.pk)
        if counts[rate.category] > 1:
            yield Problem(f"rate {rate.category}", _("The category has more than one row."), rate.pk)
    defaults = [rate for rate in source.rates if rate.everything_else]
    for rate in defaults if len(defaults) > 1 else ():
        cause = _("Mark exactly one row as everything else; %d are marked.") % len(defaults)
        yield Problem(f"rate {rate.category}", cause, rate.pk)
    if not defaults:
        yield Problem("rates", _("Mark exactly one row as everything else; none is marked."))


def _check_activities(source: Source) -> Iterator[Problem]:
    if not source.activities:
        yield Problem("activities", _("Add at least one prohibited activity."))
    counts = Counter(activity.code for activity in source.activities)
    for activity in source.activities:
        place = f"activity {activity.code}"
        if counts[activity.code] > 1:
            yield Problem(place, _("The code has more than one row."), activity.pk)
        if not activity.title.strip() or not activity.text.strip():
            yield Problem(place, _("Enter a title and a text."), activity.pk)


def _check_clauses(source: Source) -> Iterator[Problem]:
    numbers = [clause.number for clause in source.clauses]
    for section in SECTIONS:
        if str(section) not in numbers:
            yield Problem("clauses", _("Section %d is missing.") % section)
    for clause in source.clauses:
        yield from _check_clause(clause, numbers)
    in_order = sorted(numbers, key=lambda number: [int(part) for part in number.split(".")])
    if numbers != in_order:
        yield Problem("clauses", _("The clauses are not in the order of their numbers."))


def _check_clause(clause: Clause, numbers: list[str]) -> Iterator[Problem]:
    place = f"clause {clause.number}"
    yield from (Problem(place, cause, clause.pk) for cause in _find_clause_causes(clause, numbers))


def _find_clause_causes(clause: Clause, numbers: list[str]) -> Iterator[str]:
    if numbers.count(clause.number) > 1:
        yield _("The number is used more than once.")
    if "." in clause.number and not clause.body.strip():
        yield _("The text is missing.")
    yield from placeholders.find_problem(clause)
    used = placeholders.list_placeholders(clause)
    for rule in clause.rules:
        if rule not in set(Rule):
            yield _("%s is not the name of a rule.") % rule
            continue
        for term in RULE_TERMS.get(Rule(rule), ()):
            if term not in used:
                yield _("The rule %(rule)s requires the placeholder {%(term)s}.") % {"rule": rule, "term": term}


def _check_rules(source: Source) -> Iterator[Problem]:
    stated = Counter(rule for clause in source.clauses for rule in clause.rules)
    for rule in Rule:
        if stated[rule] == 0:
            example = next(clause for clause in seed.CLAUSES if rule in clause.rules)
            cause = _("No clause states the rule %(rule)s. In the example agreement it is %(number)s, %(heading)s.")
            values = {"rule": rule.value, "number": example.number, "heading": example.heading}
            yield Problem(f"rule {rule.value}", cause % values)
        elif stated[rule] > 1:
            yield Problem(f"rule {rule.value}", _("More than one clause states the rule %s.") % rule.value)
