"""Publish and withdraw versions (specification 2); the database rejects every later change."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from agreements import changes, declines, notices, rendering, translations, version_drafts
from agreements.errors import NotPublishable, Rejected, TooEarly
from agreements.models import AgreementText, AgreementVersion, AgreementWithdrawal
from agreements.term_impact import ImpactReader, no_impact
from audit import trail
from lib.reasons import require_reason

# The audit reason of publishing, unless staff give another one.
USUAL_REASON = "The draft is complete."
# Serializes publishing, withdrawing and seeding.
_LOCK_ID = 7_310_001


def lock_versions() -> None:
    """Keep other transactions from publishing, withdrawing or seeding a version until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_ID])


@transaction.atomic
def publish_version(
    *,
    agreement: AgreementVersion,
    effective_at: datetime,
    now: datetime,
    by: User | None,
    reason: str = USUAL_REASON,
    read_impact: ImpactReader = no_impact,
) -> AgreementVersion:
    """Publish a draft with its text and SHA-256, and notify affiliates (specification 2).

    Only the first version of a program may take effect in the past.

    Raises NotPublishable for a draft with problems, Rejected for a version that is not a draft, and TooEarly if
    `effective_at` is in the past, not after every published version, or leaves no time for notice of a detriment.
    """
    lock_versions()
    draft = _lock_draft(agreement)
    problems = version_drafts.find_problems(draft)
    if problems:
        raise NotPublishable(problems)
    changed = changes.compare_with_predecessor(draft)
    _check_date(draft, effective_at, now, detriment=bool(changed and changed.detriment))
    draft.number = AgreementVersion.objects.filter(published_at__isnull=False).count() + 1
    draft.effective_at, draft.published_at, draft.published_by = effective_at, now, by
    draft.detriment = bool(changed and changed.detriment)
    # Rendered before saving, because the text depends on `effective_at` and the save makes the version final.
    texts = [_build_text(draft, language) for language in translations.list_languages(draft)]
    draft.save()
    AgreementText.objects.bulk_create(texts)
    trail.record(
        action="agreement published",
        subject=draft,
        now=now,
        by=by,
        after={"name": draft.name, "effective_at": effective_at, "detriment": draft.detriment}
        | {"sha256" if text.language == draft.language else f"sha256 ({text.language})": text.sha256 for text in texts},
        reason=reason,
    )
    notices.notify_published(agreement=draft, changed=changed, read_impact=read_impact)
    return draft


def _build_text(draft: AgreementVersion, language: str) -> AgreementText:
    text = rendering.render_document(translations.load_source(draft, language), settings.PROGRAM_NAME).text
    return AgreementText(agreement=draft, language=language, text=text, sha256=rendering.compute_sha256(text))


def _lock_draft(version: AgreementVersion) -> AgreementVersion:
    """Return the draft with its parts locked, so that no edit comes between rendering and publishing."""
    draft = AgreementVersion.objects.select_for_update().get(pk=version.pk)
    if draft.published_at is not None:
        raise Rejected(_("Version %s is already published.") % draft.name)
    for part in (*version_drafts.PARTS, *translations.PARTS):
        list(getattr(draft, part).select_for_update())
    return draft


def _check_date(draft: AgreementVersion, effective_at: datetime, now: datetime, *, detriment: bool) -> None:
    newest = AgreementVersion.objects.published().order_by("-effective_at").first()
    if newest is None:
        return
    zone = ZoneInfo(draft.time_zone)
    if effective_at <= (after := newest.effective_at or now):
        raise TooEarly(
            (after + timedelta(seconds=1)).astimezone(zone),
            _("The version must take effect after version %s.") % newest.name,
        )
    if effective_at < now:
        raise TooEarly(now.astimezone(zone), _("A new version can't take effect in the past."))
    earliest = compute_earliest_effective_at(now)
    if detriment and effective_at < earliest:
        cause = _("Some changes are less favorable to affiliates, who must get %s of notice.")
        raise TooEarly(earliest.astimezone(zone), cause % _format_notice_days(now))


def _format_notice_days(now: datetime) -> str:
    current = AgreementVersion.objects.get_in_force(now)
    days = current.change_notice_days if current else 0
    return ngettext("%d day", "%d days", days) % days


def compute_earliest_effective_at(now: datetime) -> datetime:
    """Return the earliest instant at which a version with a detriment may take effect if published at `now`."""
    current = AgreementVersion.objects.get_in_force(now)
    return now + timedelta(days=current.change_notice_days if current else 0)


@transaction.atomic
def withdraw_version(*, agreement: AgreementVersion, now: datetime, by: User | None, reason: str) -> None:
    """Withdraw a published version that is not yet in effect, and notify the affiliates who were notified of it.

    Raises Rejected if it is in effect, or if another published version follows it, because that one was compared with
    it. Raises ValidationError without a reason.
    """
    lock_versions()
    version = AgreementVersion.objects.published().filter(pk=agreement.pk).first()
    if version is None:
        raise Rejected(_("Only a published version can be withdrawn."))
    if version.effective_at is None or version.effective_at <= now:
        raise Rejected(_("Version %s is in effect and can no longer be withdrawn.") % version.name)
    later = AgreementVersion.objects.published().filter(effective_at__gt=version.effective_at).first()
    if later:
        raise Rejected(_("Withdraw version %s first, because it follows this one.") % later.name)
    reason = require_reason(reason)
    AgreementWithdrawal.objects.create(agreement=version, withdrawn_at=now, withdrawn_by=by, reason=reason)
    trail.record(action="agreement withdrawn", subject=version, now=now, by=by, reason=reason)
    declined = declines.lapse_after_withdrawal(withdrawn=version, now=now, reason=reason)
    notices.notify_withdrawn(agreement=version, reason=reason, declined=declined)
