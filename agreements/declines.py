"""Decline versions: an orderly exit on the version's effective date, until then taken back or lapsed (specification 2).

`compliance/offboarding/declined_versions.py` lets a decline take effect, because only then the affiliate leaves.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate
from affiliates.notifications import notify
from agreements import acceptance_requests
from agreements.applicable_version import get_applicable_version
from agreements.clauses import cite_clause
from agreements.errors import Rejected
from agreements.models import AgreementVersion, Decline
from agreements.periods import format_program_time
from agreements.rules import Rule
from audit import trail
from lib.formatting import lazy_datetime_for
from lib.request_values import read_once

State = Decline.State


@transaction.atomic
def record_decline(*, affiliate: Affiliate, agreement: AgreementVersion, now: datetime, by: User | None) -> Decline:
    """Record that `affiliate` declines `agreement`, and confirm it unless the version is in effect already.

    Raises AlreadyAccepted or Rejected if the affiliate is not asked to accept this version or has declined it.
    """
    affiliate = Affiliate.objects.select_for_update(of=["self"]).select_related("user").get(pk=affiliate.pk)
    acceptance_requests.ensure_version_requested(affiliate, agreement, at=now)
    if Decline.objects.pending().filter(affiliate=affiliate, agreement=agreement).exists():
        raise Rejected(_("You have already declined version %s.") % agreement.name)
    decline = Decline.objects.create(
        affiliate=affiliate,
        agreement=agreement,
        declined_at=now,
        takes_effect_at=max(now, agreement.effective_at or now),
    )
    trail.record(
        action="version declined",
        subject=affiliate,
        now=now,
        by=by,
        after={
            "version": agreement.name,
            "takes_effect_at": decline.takes_effect_at,
            "clause": cite_clause(agreement, Rule.DECLINE),
        },
        reason=_("declined version %s") % agreement.name,
    )
    if decline.takes_effect_at > now:
        _notify(decline, "agreement_declined", now)
    return decline


@transaction.atomic
def take_back_decline(*, decline: Decline, now: datetime, by: User | None) -> None:
    """Take back a decline before it takes effect, and confirm it. Raises Rejected from then on."""
    if now >= decline.takes_effect_at:
        values = {
            "version": decline.agreement.name,
            "date": format_program_time(decline.takes_effect_at),
        }
        raise Rejected(_("Your decline of version %(version)s took effect on %(date)s.") % values)
    reason = _("took back the decline of version %s") % decline.agreement.name
    if not end_decline(decline, to=State.TAKEN_BACK, now=now, by=by, reason=reason):
        raise Rejected(_("Your decline of version %s is no longer pending.") % decline.agreement.name)
    _notify(decline, "agreement_decline_taken_back", now)


def lapse_after_acceptance(*, affiliates: Collection[Affiliate], accepted: AgreementVersion, now: datetime) -> None:
    """Let the affiliates' pending declines of the accepted version and of those before it lapse."""
    pending = Decline.objects.pending().filter(affiliate__in=affiliates).select_related("agreement", "affiliate")
    until = AgreementVersion.objects.filter(pk=accepted.pk).values("effective_at")
    _lapse(pending.filter(agreement__effective_at__lte=until), now=now, reason=_("accepted version %s") % accepted.name)


def lapse_after_withdrawal(*, withdrawn: AgreementVersion, now: datetime, reason: str) -> set[UUID]:
    """Let all pending declines of a withdrawn version lapse, and return the ids of their affiliates."""
    pending = Decline.objects.pending().filter(agreement=withdrawn).select_related("agreement", "affiliate")
    return _lapse(pending, now=now, reason=reason)


def _lapse(declines: Iterable[Decline], *, now: datetime, reason: str) -> set[UUID]:
    return {
        decline.affiliate_id
        for decline in list(declines)
        if end_decline(decline, to=State.LAPSED, now=now, by=None, reason=reason)
    }


def end_decline(decline: Decline, *, to: Decline.State, now: datetime, by: User | None, reason: str) -> bool:
    """Move a pending decline to the state `to`, with audit record; return False if it is no longer pending."""
    if not Decline.objects.pending().filter(pk=decline.pk).update(state=to, ended_at=now):
        return False
    decline.state, decline.ended_at = to, now
    trail.record(
        action=f"decline {to.value.replace('_', ' ')}",
        subject=decline.affiliate,
        now=now,
        by=by,
        before={"state": State.PENDING.value},
        after={"state": to.value, "version": decline.agreement.name},
        reason=reason,
    )
    return True


@read_once
def list_pending_declines(affiliate: Affiliate) -> list[Decline]:
    """Return the affiliate's pending declines, the first to take effect first."""
    rows = Decline.objects.pending().for_affiliate(affiliate).select_related("agreement", "affiliate__user")
    return list(rows.order_by("takes_effect_at"))


def list_declined_versions(affiliate_ids: Iterable[UUID]) -> set[tuple[UUID, UUID]]:
    """Return the pairs of affiliate and version with a pending decline."""
    rows = Decline.objects.pending().filter(affiliate__in=list(affiliate_ids))
    return set(rows.values_list("affiliate_id", "agreement_id"))


def _notify(decline: Decline, kind: str, now: datetime) -> None:
    affiliate, version = decline.affiliate, decline.agreement
    notify(
        affiliate=affiliate,
        kind=kind,
        key=str(decline.pk),
        context={
            "agreement_id": str(version.pk),
            "version": version.name,
            "state": affiliate.state,
            "is_paused": get_applicable_version(affiliate.pk, at=now)[1].is_paused,
            "takes_effect": lazy_datetime_for(decline.takes_effect_at, affiliate),
            "clause": cite_clause(version, Rule.DECLINE),
            "leaving_clause": cite_clause(version, Rule.LEAVING),
            "pause_clause": cite_clause(version, Rule.PAUSE_UNACCEPTED),
        },
    )
