"""What affiliates are told of versions: a new one, reminders before its date, the pause after it (CONTRACT 2 and 10)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from affiliates.models import Affiliate, State
from affiliates.notifications import Notice, notify, notify_many
from agreements.applicable_version import get_acceptance_times, list_published_versions, resolve_applicable_version
from agreements.changes import Changes, TermChange
from agreements.clauses import get_clause_numbers
from agreements.models import Acceptance, AgreementVersion
from agreements.rules import Rule
from agreements.term_impact import ImpactReader, TermImpact
from lib.formatting import format_datetime
from mail.models import Message

CITED_RULES = (Rule.ACCEPTANCE, Rule.CHANGE_OF_AGREEMENT, Rule.DECLINE, Rule.PAUSE_UNACCEPTED)
REMINDER_LEAD_TIMES = (timedelta(days=1), timedelta(days=7))


def notify_published(*, agreement: AgreementVersion, changed: Changes | None, read_impact: ImpactReader) -> None:
    """Tell affiliates of a version that was just published: what changes, what it means for them in money and, with a
    detriment, that they are asked.

    The first version of a program has no changes; whoever is approved already is asked to accept it.
    """
    if changed is None:
        for affiliate in _list_affiliates(State.APPROVED):
            _notify_affiliate(affiliate, "agreement_to_accept", agreement)
        return
    kind = "agreement_change" if agreement.detriment else "agreement_benefit"
    people = _list_affiliates(State.ACTIVE, State.SUSPENDED)
    means = read_impact(agreement, [affiliate.pk for affiliate in people])
    told = {
        language: _build_change_context(agreement, changed, language)
        for language in {affiliate.language for affiliate in people}
    }
    waiting = _find_waiting_affiliates(agreement, people)
    notices = [
        Notice(
            affiliate,
            f"{agreement.pk}:{affiliate.pk}",
            told[affiliate.language]
            | _format_impact(means.get(affiliate.pk), agreement)
            | {"paused": affiliate.pk in waiting},
        )
        for affiliate in people
    ]
    notify_many(kind=kind, notices=notices)


def _find_waiting_affiliates(agreement: AgreementVersion, people: list[Affiliate]) -> set[UUID]:
    """Those whom `agreement` does not reach by itself: a version before it waits for their acceptance."""
    known, accepted = list_published_versions(), get_acceptance_times(affiliate.pk for affiliate in people)
    assert agreement.effective_at is not None
    at = agreement.effective_at
    return {
        person.pk for person in people if resolve_applicable_version(known, accepted.get(person.pk, {}), at).is_paused
    }


def _build_change_context(agreement: AgreementVersion, changed: Changes, language: str) -> dict[str, Any]:
    """What the mail says of a version in a language of the interface, "" for the installation's own."""
    with override(language or settings.LANGUAGE_CODE):
        lines = [_format_change(change) for change in changed.terms]
    clauses = [text.number for text in changed.texts]
    return _build_context(agreement) | {
        "changes": lines,
        "clauses": clauses,
        "translations": list(changed.translations),
    }


def _format_impact(means: TermImpact | None, agreement: AgreementVersion) -> dict[str, str]:
    """The two figures as the mail says them; none for who had no order."""
    if means is None:
        return {}
    return {name: f"{getattr(means, name):,.2f} {agreement.currency}" for name in TermImpact._fields}


def notify_withdrawn(*, agreement: AgreementVersion, reason: str) -> None:
    """Tell those who had been told of `agreement` that it does not come."""
    told = f":{agreement.pk}:"
    keys = Message.objects.filter(kind__startswith="agreement_", key__contains=told).values_list("key", flat=True)
    codes = {key.rsplit(":", 1)[-1] for key in keys}
    for affiliate in _list_affiliates(State.APPROVED, State.ACTIVE, State.SUSPENDED, State.LEAVING):
        if str(affiliate.pk) in codes:
            _notify_affiliate(affiliate, "agreement_withdrawn", agreement, reason=reason)


@transaction.atomic
def send_reminders(*, now: datetime) -> int:
    """Post what is due at `now` and was not posted yet: reminders of versions to accept, and notices of a pause.

    The same however often it is asked; returns how many were posted.
    """
    due = {
        f"{kind}:{key}": (affiliate, kind, key, agreement) for affiliate, kind, key, agreement in _find_due_notices(now)
    }
    told = set(Message.objects.filter(key__in=due).values_list("key", flat=True))
    for name, (affiliate, kind, key, agreement) in due.items():
        if name not in told:
            notify(affiliate=affiliate, kind=kind, key=key, context=_build_context(agreement))
    return len(due) - len(told)


def _find_due_notices(now: datetime) -> Iterator[tuple[Affiliate, str, str, AgreementVersion]]:
    people = _list_affiliates(State.ACTIVE, State.SUSPENDED)
    for version in AgreementVersion.objects.upcoming(now).filter(detriment=True):
        stage = _get_reminder_stage(version, now)
        accepted = set(Acceptance.objects.filter(agreement=version).values_list("affiliate_id", flat=True))
        for affiliate in people if stage else ():
            if affiliate.pk not in accepted:
                yield affiliate, "agreement_reminder", f"{stage}:{version.pk}:{affiliate.pk}", version
    yield from _find_pause_notices(people, now)


def _get_reminder_stage(version: AgreementVersion, now: datetime) -> str:
    """Which reminder is due: the latest whose time has come, unless the version was published after it."""
    for before in REMINDER_LEAD_TIMES:
        at = version.effective_at - before if version.effective_at else now
        if at <= now:
            return f"{before.days} days" if version.published_at and version.published_at < at else ""
    return ""


def _find_pause_notices(
    people: list[Affiliate], now: datetime
) -> Iterator[tuple[Affiliate, str, str, AgreementVersion]]:
    known = list_published_versions()
    accepted = get_acceptance_times(affiliate.pk for affiliate in people)
    by_date = {version.effective_at: version for version in AgreementVersion.objects.in_effect(now)}
    for affiliate in people:
        since = resolve_applicable_version(known, accepted.get(affiliate.pk, {}), now).paused_since
        if since:
            yield affiliate, "agreement_pause", f"{by_date[since].pk}:{affiliate.pk}", by_date[since]


def _list_affiliates(*states: State) -> list[Affiliate]:
    return list(Affiliate.objects.filter(state__in=states, erased_at__isnull=True).select_related("user"))


def _notify_affiliate(affiliate: Affiliate, kind: str, agreement: AgreementVersion, **extra: Any) -> None:
    notify(
        affiliate=affiliate, kind=kind, key=f"{agreement.pk}:{affiliate.pk}", context=_build_context(agreement) | extra
    )


def _build_context(agreement: AgreementVersion) -> dict[str, Any]:
    assert agreement.effective_at is not None
    clauses = get_clause_numbers(
        agreement.pk
    )  # not the remembered ones: the version may be published in this transaction
    return {
        "agreement_id": str(agreement.pk),
        "version": agreement.name,
        "effective": format_datetime(agreement.effective_at, agreement.time_zone),
        **{f"{rule.value}_clause": clauses[rule.value] for rule in CITED_RULES},
    }


def _format_change(change: TermChange) -> str:
    words = _("%(label)s: %(old)s -> %(new)s (%(effect)s, clause %(clause)s)")
    return words % {
        "label": change.label,
        "old": change.old,
        "new": change.new,
        "effect": change.effect_label,
        "clause": change.clause,
    }
