"""Offering a draft in another language, and translating it (CONTRACT 2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements import languages, translations
from agreements.errors import Rejected
from agreements.models import (
    AgreementVersion,
    Clause,
    ProhibitedActivity,
    TranslatedActivity,
    TranslatedClause,
    Translation,
)
from audit import trail


class TranslatedWords(NamedTuple):
    """A heading or title with the text under it, and the fingerprint of the governing words that it was made from.

    "" for those of now; where somebody changed them meanwhile, the translation is out of date at once.
    """

    heading: str
    text: str
    source_sha256: str = ""


@transaction.atomic
def set_governing_language(*, agreement: AgreementVersion, language: str, now: datetime, by: User | None) -> None:
    """Say that a draft is written in `language`, whose text governs; refuses one that is a translation of it."""
    draft = _lock_draft(agreement)
    _check_language(language)
    if language == draft.language:
        return
    if language in translations.list_languages(draft):
        raise ValidationError({"language": _("The version is offered in it as a translation.")})
    before, draft.language = draft.language, language
    draft.save(update_fields=["language"])
    agreement.language = language
    _record_audit("governing language changed", draft, now, by, before=before, after=language)


@transaction.atomic
def add_language(*, agreement: AgreementVersion, language: str, now: datetime, by: User | None) -> None:
    """Offer a draft in `language` too: from then on it is published only with all of it translated."""
    draft = _lock_draft(agreement)
    _check_language(language)
    if language in translations.list_languages(draft):
        raise ValidationError({"language": _("The version is offered in it already.")})
    Translation.objects.create(agreement=draft, language=language)
    _record_audit("translation started", draft, now, by, after=language)


@transaction.atomic
def remove_language(*, agreement: AgreementVersion, language: str, now: datetime, by: User | None) -> None:
    """No longer offer a draft in `language`; its translation is deleted."""
    draft = _lock_draft(agreement)
    deleted, _rows = Translation.objects.filter(agreement=draft, language=language).delete()
    if not deleted:
        raise ValidationError({"language": _("The version is not offered in it.")})
    TranslatedClause.objects.filter(agreement=draft, language=language).delete()
    TranslatedActivity.objects.filter(agreement=draft, language=language).delete()
    _record_audit("translation removed", draft, now, by, before=language)


@transaction.atomic
def save_translations(
    *, agreement: AgreementVersion, language: str, words: Mapping[UUID, TranslatedWords], now: datetime, by: User | None
) -> list[str]:
    """Store the words of clauses and prohibited activities, by their ids.

    Returns the places that were written. Ids that are none of the draft's are passed over: the part was deleted since.
    """
    draft = _lock_draft(agreement)
    if language not in translations.list_languages(draft)[1:]:
        raise ValidationError({"language": _("The version is not offered in it.")})
    places = []
    for clause in draft.clauses.filter(pk__in=words):
        _save_clause(clause, language, words[clause.pk])
        places.append(clause.number)
    for activity in draft.activities.filter(pk__in=words):
        _save_activity(activity, language, words[activity.pk])
        places.append(activity.code)
    if places:
        _record_audit("agreement translated", draft, now, by, after=f"{language}: {', '.join(places)}")
    return places


def _save_clause(clause: Clause, language: str, words: TranslatedWords) -> None:
    made_from = words.source_sha256 or translations.compute_fingerprint(clause)
    values = {"heading": words.heading, "body": words.text, "source_sha256": made_from}
    TranslatedClause.objects.update_or_create(
        agreement_id=clause.agreement_id, clause=clause, language=language, defaults=values
    )


def _save_activity(activity: ProhibitedActivity, language: str, words: TranslatedWords) -> None:
    made_from = words.source_sha256 or translations.compute_fingerprint(activity)
    values = {"title": words.heading, "text": words.text, "source_sha256": made_from}
    TranslatedActivity.objects.update_or_create(
        agreement_id=activity.agreement_id, activity=activity, language=language, defaults=values
    )


def _lock_draft(agreement: AgreementVersion) -> AgreementVersion:
    draft = AgreementVersion.objects.select_for_update().get(pk=agreement.pk)
    if draft.published_at is not None:
        raise Rejected(_("Version %s is published and never changes again.") % draft.name)
    return draft


def _check_language(language: str) -> None:
    if language not in languages.KNOWN:
        raise ValidationError({"language": _("There are no fixed words for the language %s.") % language})


def _record_audit(
    action: str, draft: AgreementVersion, now: datetime, by: User | None, *, before: str = "", after: str = ""
) -> None:
    trail.record(
        action=action,
        subject=draft,
        now=now,
        by=by,
        before={"language": before} if before else {},
        after={"language": after} if after else {},
    )
