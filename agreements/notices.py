"""Notices about versions: a new version, reminders before its effective date, the pause after it (specification 2)."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from affiliates.models import Affiliate, State
from affiliates.notifications import Notice, notify, notify_many
from agreements import declines
from agreements.applicable_version import get_acceptance_times, list_published_versions, resolve_applicable_version
from agreements.changes import Changes, TermChange
from agreements.clauses import get_clause_numbers
from agreements.models import Acceptance, AgreementVersion
from agreements.rules import Rule
from agreements.term_impact import ImpactReader, TermImpact
from lib.formatting import format_money, lazy_datetime_for
from mail.models import Message
from mail.rendering import override_language

CITED_RULES = (Rule.ACCEPTANCE, Rule.CHANGE_OF_AGREEMENT, Rule.DECLINE, Rule.PAUSE_UNACCEPTED)
NOTIFIED_STATES = (State.APPROVED, State.ACTIVE, State.SUSPENDED, State.LEAVING)
REMINDER_LEAD_TIMES = (timedelta(days=1), timedelta(days=7))


def notify_published(*, agreement: AgreementVersion, changed: Changes | None, read_impact: ImpactReader) -> None:
    """Notify affiliates of a new version: what changes, the effect on their earnings and whether they need to accept.

    The first version of a program has no changes (`changed` is None); approved affiliates are asked to accept it.
    """
    if changed is None:
        for affiliate in _list_affiliates(State.APPROVED):
            _notify_affiliate(affiliate, "agreement_to_accept", agreement)
        return
    kind = "agreement_change" if agreement.detriment else "agreement_benefit"
    affiliates = _list_affiliates(*NOTIFIED_STATES)
    impact = read_impact(agreement, [affiliate.pk for affiliate in affiliates])
    contexts = {
        language: _build_change_context(changed, language)
        for language in {affiliate.language for affiliate in affiliates}
    }
    paused, clauses = _find_paused_affiliates(agreement, affiliates), get_clause_numbers(agreement.pk)
    notices = [
        Notice(
            affiliate,
            f"{agreement.pk}:{affiliate.pk}",
            contexts[affiliate.language]
            | _build_context(agreement, affiliate, clauses)
            | _format_impact(impact.get(affiliate.pk), agreement)
            | {"paused": affiliate.pk in paused, "state": affiliate.state},
        )
        for affiliate in affiliates
    ]
    notify_many(kind=kind, notices=notices)


def _find_paused_affiliates(version: AgreementVersion, affiliates: list[Affiliate]) -> set[UUID]:
    """Return the affiliates who will be paused when `version` takes effect unless they accept an earlier version."""
    versions, accepted = list_published_versions(), get_acceptance_times(affiliate.pk for affiliate in affiliates)
    assert version.effective_at is not None
    at = version.effective_at
    return {
        affiliate.pk
        for affiliate in affiliates
        if resolve_applicable_version(versions, accepted.get(affiliate.pk, {}), at).is_paused
    }


def _build_change_context(changed: Changes, language: str) -> dict[str, Any]:
    """Return what changes in an interface language, "" for the installation's default."""
    with override_language(language):
        changes = [_describe_change(change) for change in changed.terms]
    return {
        "changes": changes,
        "clauses": [text.number for text in changed.texts],
        "translations": list(changed.translations),
    }


def _format_impact(impact: TermImpact | None, version: AgreementVersion) -> dict[str, str]:
    """Return the two amounts for the e-mail; empty for an affiliate without orders."""
    if impact is None:
        return {}
    return {name: format_money(getattr(impact, name), version.currency) for name in TermImpact._fields}


def notify_withdrawn(*, agreement: AgreementVersion, reason: str, declined: Collection[UUID] = ()) -> None:
    """Notify everyone who had been notified of `agreement`, whatever their state is now, that it was withdrawn.

    `declined` are the affiliates whose decline of it has lapsed.
    """
    messages = Message.objects.filter(kind__startswith="agreement_", key__contains=f":{agreement.pk}:")
    notified = {key.rsplit(":", 1)[-1] for key in messages.values_list("key", flat=True)}
    for affiliate in _list_affiliates(*State):
        if str(affiliate.pk) in notified or affiliate.pk in declined:
            extra = {"reason": reason, "declined": affiliate.pk in declined, "state": affiliate.state}
            _notify_affiliate(affiliate, "agreement_withdrawn", agreement, **extra)


@transaction.atomic
def send_reminders(*, now: datetime) -> int:
    """Queue the reminders and pause notices that are due at `now` and not queued yet; return how many were queued.

    Idempotent.
    """
    due = {f"{kind}:{key}": (affiliate, kind, key, version) for affiliate, kind, key, version in _find_due_notices(now)}
    queued = set(Message.objects.filter(key__in=due).values_list("key", flat=True))
    for name, (affiliate, kind, key, version) in due.items():
        if name not in queued:
            notify(affiliate=affiliate, kind=kind, key=key, context=_build_context(version, affiliate))
    return len(due) - len(queued)


def _find_due_notices(now: datetime) -> Iterator[tuple[Affiliate, str, str, AgreementVersion]]:
    """Yield what is due to those who have neither accepted nor declined."""
    affiliates = _list_affiliates(State.ACTIVE, State.SUSPENDED)
    declined = declines.list_declined_versions(affiliate.pk for affiliate in affiliates)
    for affiliate, kind, key, version in _find_undecided(affiliates, now):
        if (affiliate.pk, version.pk) not in declined:
            yield affiliate, kind, key, version


def _find_undecided(
    affiliates: list[Affiliate], now: datetime
) -> Iterator[tuple[Affiliate, str, str, AgreementVersion]]:
    for version in AgreementVersion.objects.upcoming(now).filter(detriment=True):
        stage = _get_reminder_stage(version, now)
        accepted = set(Acceptance.objects.filter(agreement=version).values_list("affiliate_id", flat=True))
        for affiliate in affiliates if stage else ():
            if affiliate.pk not in accepted:
                yield affiliate, "agreement_reminder", f"{stage}:{version.pk}:{affiliate.pk}", version
    yield from _find_pause_notices(affiliates, now)


def _get_reminder_stage(version: AgreementVersion, now: datetime) -> str:
    """Return the latest reminder that is due, or "" if the version was published after that reminder's time."""
    for lead_time in REMINDER_LEAD_TIMES:
        at = version.effective_at - lead_time if version.effective_at else now
        if at <= now:
            return f"{lead_time.days} days" if version.published_at and version.published_at < at else ""
    return ""


def _find_pause_notices(
    affiliates: list[Affiliate], now: datetime
) -> Iterator[tuple[Affiliate, str, str, AgreementVersion]]:
    versions = list_published_versions()
    accepted = get_acceptance_times(affiliate.pk for affiliate in affiliates)
    by_date = {version.effective_at: version for version in AgreementVersion.objects.in_effect(now)}
    for affiliate in affiliates:
        since = resolve_applicable_version(versions, accepted.get(affiliate.pk, {}), now).paused_since
        if since:
            yield affiliate, "agreement_pause", f"{by_date[since].pk}:{affiliate.pk}", by_date[since]


def _list_affiliates(*states: State) -> list[Affiliate]:
    return list(Affiliate.objects.filter(state__in=states, erased_at__isnull=True).select_related("user"))


def _notify_affiliate(affiliate: Affiliate, kind: str, version: AgreementVersion, **extra: Any) -> None:
    context = _build_context(version, affiliate) | extra
    notify(affiliate=affiliate, kind=kind, key=f"{version.pk}:{affiliate.pk}", context=context)


def _build_context(
    version: AgreementVersion, affiliate: Affiliate, clauses: Mapping[str, str] | None = None
) -> dict[str, Any]:
    assert version.effective_at is not None
    # Uncached, because the version may be published in this transaction, which may still be rolled back.
    clauses = clauses or get_clause_numbers(version.pk)
    return {
        "agreement_id": str(version.pk),
        "version": version.name,
        "effective": lazy_datetime_for(version.effective_at, affiliate),
        **{f"{rule.value}_clause": clauses[rule.value] for rule in CITED_RULES},
    }


def _describe_change(change: TermChange) -> dict[str, str]:
    return {
        "label": str(change.label),
        "old": change.old,
        "new": change.new,
        "effect": change.effect_label,
        "clause": change.clause,
    }
