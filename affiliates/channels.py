"""Declaring channels, and vetting them (CONTRACT 10): promoting on others is the offence "unapproved channel"."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import addresses
from affiliates.errors import DuplicateChannel, IllegalTransition
from affiliates.models import Affiliate, Channel, State
from affiliates.notifications import notify
from audit import trail

# So many an affiliate may declare; more are a flood.
MAX_CHANNELS = 100
DECLARING_STATES = (State.APPLIED, State.APPROVED, State.ACTIVE, State.SUSPENDED)
# Staff may think again: an approved channel can turn bad, a rejected one can be put right.
DECISIONS: dict[str, tuple[str, ...]] = {
    Channel.State.APPROVED: (Channel.State.PENDING, Channel.State.REJECTED),
    Channel.State.REJECTED: (Channel.State.PENDING, Channel.State.APPROVED),
}


@transaction.atomic
def add(*, affiliate: Affiliate, kind: str, address: str, now: datetime, by: User | None) -> Channel:
    """Declare a channel, which staff then approve or reject.

    Refuses by field an unknown kind, what is no web address, and an address that the affiliate has declared before.
    """
    if kind not in Channel.Kind.values:
        raise ValidationError({"kind": _("Choose one of the kinds.")})
    if affiliate.state not in DECLARING_STATES:
        raise ValidationError(_("You can't declare channels any more."))
    address = addresses.normalize_address(address)
    Affiliate.objects.select_for_update().get(pk=affiliate.pk)
    known = Channel.objects.for_affiliate(affiliate)
    if same := known.filter(address=address).first():
        raise DuplicateChannel(
            {
                "address": _("You have declared this channel already: it is %(state)s.")
                % {"state": same.get_state_display()}
            }
        )
    if known.count() >= MAX_CHANNELS:
        raise ValidationError(_("You can declare at most %(most)d channels.") % {"most": MAX_CHANNELS})
    return Channel.objects.create(affiliate=affiliate, kind=kind, address=address, added_at=now)


def remove(*, channel: Channel, now: datetime, by: User | None) -> None:
    """Take back a channel that still waits; a decided one stays, with its decision."""
    with transaction.atomic():
        gone, _rows = Channel.objects.filter(pk=channel.pk, state=Channel.State.PENDING).delete()
        if not gone:
            raise IllegalTransition(_("Only a channel that waits for its decision can be removed."))
        trail.record(action="channel removed", subject=channel, now=now, by=by, before={"state": "pending"})


@transaction.atomic
def approve(*, channel: Channel, clause: str, now: datetime, by: User | None) -> None:
    """Approve a channel and tell the affiliate."""
    decide(channel=channel, to=Channel.State.APPROVED, reason="", now=now, by=by)
    _notify(channel, "channel_approved", clause, now)


@transaction.atomic
def reject(*, channel: Channel, reason: str, clause: str, now: datetime, by: User | None) -> None:
    """Reject a channel, or withdraw its approval, with a reason that the affiliate reads."""
    decide(channel=channel, to=Channel.State.REJECTED, reason=clean_reason(reason), now=now, by=by)
    _notify(channel, "channel_rejected", clause, now)


@transaction.atomic
def decide(*, channel: Channel, to: Channel.State, reason: str, now: datetime, by: User | None) -> None:
    """Write a decision and its audit record, without an e-mail: for whoever tells several decisions in one."""
    before = Channel.State(channel.state)
    changed = 0
    if before in DECISIONS[to]:
        changed = Channel.objects.filter(pk=channel.pk, state=before).update(
            state=to, decided_at=now, decided_by=by, reason=reason
        )
    if not changed:
        raise IllegalTransition(_("%(channel)s is not waiting for this decision.") % {"channel": channel})
    channel.state, channel.decided_at, channel.decided_by, channel.reason = to, now, by, reason
    trail.record(
        action=f"channel {to.value}",
        subject=channel,
        now=now,
        by=by,
        before={"state": before.value},
        after={"state": to.value},
        reason=reason,
    )


def clean_reason(reason: str) -> str:
    """The reason without outer spaces; refuses an empty one, for it is what the affiliate reads."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why: the affiliate reads it.")})
    return reason.strip()


def _notify(channel: Channel, kind: str, clause: str, now: datetime) -> None:
    notify(
        affiliate=channel.affiliate,
        kind=kind,
        key=f"{channel.pk}:{now.isoformat()}",
        context={
            "address": channel.address,
            "reason": channel.reason,
            "clause": clause,
        },
    )
