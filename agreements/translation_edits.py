"""Offer a draft in other languages and translate it (specification 2)."""

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
from agreements.version_drafts import DRAFT_EDITED
from audit import trail


class TranslatedWords(NamedTuple):
    """A translated heading or title and its text.

    `source_sha256` is the fingerprint of the governing words it was made from, "" for the present ones. If they changed
    in the meantime, the translation is out of date.
    """

    heading: str
    text: str
    source_sha256: str = ""


@transaction.atomic
def set_governing_language(*, agreement: AgreementVersion, language: str, now: datetime, by: User | None) -> None:
    """Set the governing language of a draft; raises ValidationError if it is one of its translations."""
    draft = _lock_draft(agreement)
    _check_language(language)
    if language == draft.language:
        return
    if language in translations.list_languages(draft):
        raise ValidationError(
            {"language": _("There is already a translation in this language. Remove that translation first.")}
        )
    before, draft.language = draft.language, language
    draft.save(update_fields=["language"])
    agreement.language = language
    _record_audit("governing language changed", draft, now, by, before=before, after=language)


@transaction.atomic
def add_language(*, agreement: AgreementVersion, language: str, now: datetime, by: User | None) -> None:
    """Offer a draft in `language` too; it can then be published only with a complete translation."""
    draft = _lock_draft(agreement)
    _check_language(language)
    if language in translations.list_languages(draft):
        raise ValidationError({"language": _("The version is already offered in this language.")})
    Translation.objects.create(agreement=draft, language=language)
    _record_audit("translation started", draft, now, by, after=language)


@transaction.atomic
def remove_language(*, agreement: AgreementVersion, language: str, now: datetime, by: User | None) -> None:
    """Remove `language` from a draft and delete its translation."""
    draft = _lock_draft(agreement)
    deleted, _rows = Translation.objects.filter(agreement=draft, language=language).delete()
    if not deleted:
        raise ValidationError({"language": _("The version is not offered in this language.")})
    TranslatedClause.objects.filter(agreement=draft, language=language).delete()
    TranslatedActivity.objects.filter(agreement=draft, language=language).delete()
    _record_audit("translation removed", draft, now, by, before=language)


@transaction.atomic
def save_translations(
    *, agreement: AgreementVersion, language: str, words: Mapping[UUID, TranslatedWords], now: datetime, by: User | None
) -> list[str]:
    """Store translated clauses and prohibited activities by id, and return the places stored.

    Ids that don't belong to the draft are ignored, because the part may have been deleted in the meantime.
    """
    draft = _lock_draft(agreement)
    if language not in translations.list_languages(draft)[1:]:
        raise ValidationError({"language": _("The version is not offered in this language.")})
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
    source_sha256 = words.source_sha256 or translations.compute_fingerprint(clause)
    values = {"heading": words.heading, "body": words.text, "source_sha256": source_sha256}
    TranslatedClause.objects.update_or_create(
        agreement_id=clause.agreement_id, clause=clause, language=language, defaults=values
    )


def _save_activity(activity: ProhibitedActivity, language: str, words: TranslatedWords) -> None:
    source_sha256 = words.source_sha256 or translations.compute_fingerprint(activity)
    values = {"title": words.heading, "text": words.text, "source_sha256": source_sha256}
    TranslatedActivity.objects.update_or_create(
        agreement_id=activity.agreement_id, activity=activity, language=language, defaults=values
    )


def _lock_draft(version: AgreementVersion) -> AgreementVersion:
    draft = AgreementVersion.objects.select_for_update().get(pk=version.pk)
    if draft.published_at is not None:
        raise Rejected(_("Version %s is published and can't be changed.") % draft.name)
    return draft


def _check_language(language: str) -> None:
    if language not in languages.KNOWN:
        raise ValidationError({"language": _("The language %s is not supported.") % language})


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
        reason=DRAFT_EDITED,
    )
