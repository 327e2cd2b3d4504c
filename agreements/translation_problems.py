"""Problems of translations that keep a draft from being published (specification 2)."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from agreements import languages, placeholders, translations
from agreements.errors import Problem
from agreements.models import Clause, ProhibitedActivity, TranslatedActivity, TranslatedClause
from agreements.rendering import Source


def find_problems(source: Source) -> Iterator[Problem]:
    """Yield what is missing, cannot be rendered, has different placeholders or is out of date in each translation."""
    for language in translations.list_languages(source.agreement)[1:]:
        yield from find_language_problems(source, language)


def find_language_problems(source: Source, language: str) -> Iterator[Problem]:
    """Yield the problems of one language; `source` has the governing words."""
    if language not in languages.KNOWN:
        yield Problem("translations", _("The language %s is not supported.") % language)
        return
    clauses = translations.get_translated_clauses(source.agreement, language)
    for clause in source.clauses:
        for cause in _check_clause(clause, clauses.get(clause.pk)):
            yield Problem(format_place(clause, language), cause)
    activities = translations.get_translated_activities(source.agreement, language)
    for activity in source.activities:
        for cause in _check_activity(activity, activities.get(activity.pk)):
            yield Problem(format_place(activity, language), cause)


def format_place(part: Clause | ProhibitedActivity, language: str) -> str:
    """Return the place of a problem with a translation: "clause 3.2 (de)"."""
    return f"clause {part.number} ({language})" if isinstance(part, Clause) else f"activity {part.code} ({language})"


def _check_clause(clause: Clause, row: TranslatedClause | None) -> Iterator[str]:
    heading, body = (row.heading, row.body) if row else ("", "")
    if not (heading.strip() or body.strip()):
        yield _("The translation is missing.")
        return
    if not heading.strip():
        yield _("The heading is not translated.")
    yield from _check_body(clause, Clause(number=clause.number, body=body))
    yield from _check_fingerprint(clause, row)


def _check_body(clause: Clause, translated: Clause) -> Iterator[str]:
    if bool(clause.body.strip()) != bool(translated.body.strip()):
        yield _("The text is not translated.") if clause.body.strip() else _("The governing clause has no text.")
        return
    problems = list(placeholders.find_problem(translated))
    yield from problems
    if problems:
        return
    required, used = placeholders.list_placeholders(clause), placeholders.list_placeholders(translated)
    for name in sorted(required - used):
        yield _("The placeholder {%s} of the governing clause is missing.") % name
    for name in sorted(used - required):
        yield _("The placeholder {%s} is not in the governing clause.") % name


def _check_activity(activity: ProhibitedActivity, row: TranslatedActivity | None) -> Iterator[str]:
    if row is None or not row.title.strip() or not row.text.strip():
        yield _("Enter a title and a text.")
        return
    yield from _check_fingerprint(activity, row)


def _check_fingerprint(
    part: Clause | ProhibitedActivity, row: TranslatedClause | TranslatedActivity | None
) -> Iterator[str]:
    if row and row.source_sha256 != translations.compute_fingerprint(part):
        yield _("The governing text has changed since this translation.")
