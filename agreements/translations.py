"""The languages of a version: the governing one that it is written in, and translations (specification 2)."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from uuid import UUID

from agreements import rendering
from agreements.models import (
    AgreementVersion,
    Clause,
    ProhibitedActivity,
    TranslatedActivity,
    TranslatedClause,
    Translation,
)
from agreements.rendering import Source
from lib.ids import uuid7

PARTS = ("translations", "translated_clauses", "translated_activities")


def list_languages(version: AgreementVersion) -> list[str]:
    """Return the codes of the languages in which a version is offered, the governing one first."""
    others = Translation.objects.filter(agreement=version).order_by("language").values_list("language", flat=True)
    return [version.language, *others]


def load_source(version: AgreementVersion, language: str = "") -> Source:
    """Load the rows of a version in `language`, "" for the governing one.

    Untranslated parts are in the governing language, so that a draft can be previewed at any time.
    """
    governing = rendering.load_source(version)
    if language in ("", version.language):
        return governing
    clauses, activities = get_translated_clauses(version, language), get_translated_activities(version, language)
    return replace(
        governing,
        clauses=[_translate_clause(clause, clauses.get(clause.pk)) for clause in governing.clauses],
        activities=[_translate_activity(activity, activities.get(activity.pk)) for activity in governing.activities],
        language=language,
        governing=governing,
    )


def get_translated_clauses(version: AgreementVersion, language: str) -> dict[UUID, TranslatedClause]:
    """Return {clause id: translation} of one language."""
    return {row.clause_id: row for row in version.translated_clauses.filter(language=language)}


def get_translated_activities(version: AgreementVersion, language: str) -> dict[UUID, TranslatedActivity]:
    """Return {prohibited activity id: translation} of one language."""
    return {row.activity_id: row for row in version.translated_activities.filter(language=language)}


def _translate_clause(clause: Clause, translated: TranslatedClause | None) -> Clause:
    if translated is None:
        return clause
    shown = copy(clause)
    shown.heading, shown.body = translated.heading or clause.heading, translated.body or clause.body
    return shown


def _translate_activity(activity: ProhibitedActivity, translated: TranslatedActivity | None) -> ProhibitedActivity:
    if translated is None:
        return activity
    shown = copy(activity)
    shown.title, shown.text = translated.title or activity.title, translated.text or activity.text
    return shown


def compute_fingerprint(part: Clause | ProhibitedActivity) -> str:
    """Return the SHA-256 of the governing words of a part, which identifies what a translation was made from."""
    words = (part.heading, part.body) if isinstance(part, Clause) else (part.title, part.text)
    return rendering.compute_sha256("\n".join(["", *map("\n\n".join, map(rendering.split_paragraphs, words))]))


def copy_translations(draft: AgreementVersion, source: AgreementVersion, pairs: Mapping[UUID, UUID]) -> None:
    """Copy the translations of `source` to a new draft; `pairs` is {old part id: new part id}."""
    Translation.objects.bulk_create(
        Translation(agreement=draft, language=row.language) for row in source.translations.all()
    )
    clauses, activities = list(source.translated_clauses.all()), list(source.translated_activities.all())
    for clause in clauses:
        clause.pk, clause.agreement, clause.clause_id = uuid7(), draft, pairs[clause.clause_id]
    for activity in activities:
        activity.pk, activity.agreement, activity.activity_id = uuid7(), draft, pairs[activity.activity_id]
    TranslatedClause.objects.bulk_create(clauses)
    TranslatedActivity.objects.bulk_create(activities)
