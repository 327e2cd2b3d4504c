"""Adding and deciding channels. Affiliates may promote only on approved channels (specification 10)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import addresses
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import DuplicateChannel, IllegalTransition
from affiliates.models import Affiliate, Channel, State
from affiliates.notifications import notify
from audit import trail
from lib.reasons import require_reason

MAX_CHANNELS = 100
# The usual audit reason of an approval.
MEETS_REQUIREMENTS = "Meets the requirements of the program."
STATES_THAT_CAN_ADD = (State.APPLIED, State.APPROVED, State.ACTIVE, State.SUSPENDED)
# From which states a channel can be approved or rejected. Decisions can be reversed.
DECISIONS: dict[str, tuple[str, ...]] = {
    Channel.State.APPROVED: (Channel.State.PENDING, Channel.State.REJECTED),
    Channel.State.REJECTED: (Channel.State.PENDING, Channel.State.APPROVED),
}


def filter_decidable(channels: QuerySet[Channel]) -> QuerySet[Channel]:
    """Return the pending channels of approved affiliates; an applicant's are decided with the application."""
    return channels.filter(state=Channel.State.PENDING, affiliate__state__in=(State.APPROVED, State.ACTIVE))


@transaction.atomic
def add(*, affiliate: Affiliate, kind: str, address: str, now: datetime, by: User | None) -> Channel:
    """Add a channel, which staff then approve or reject.

    Raises ValidationError for an unknown kind, an invalid address, or too many channels, and DuplicateChannel if the
    affiliate has already added the address.
    """
    if kind not in Channel.Kind.values:
        raise ValidationError({"kind": _("Choose the kind of channel.")})
    if affiliate.state not in STATES_THAT_CAN_ADD:
        raise ValidationError(_("You can no longer add channels."))
    address = addresses.normalize_address(address)
    Affiliate.objects.select_for_update().get(pk=affiliate.pk)
    known = Channel.objects.for_affiliate(affiliate)
    if existing := known.filter(address=address).first():
        raise DuplicateChannel(
            {
                "address": _("You have already added this channel. It is %(state)s.")
                % {"state": existing.get_state_display()}
            }
        )
    if known.count() >= MAX_CHANNELS:
        raise ValidationError(_("You can add at most %(most)d channels.") % {"most": MAX_CHANNELS})
    return Channel.objects.create(affiliate=affiliate, kind=kind, address=address, added_at=now)


def remove(*, channel: Channel, now: datetime, by: User | None) -> None:
    """Withdraw a pending channel. Raises IllegalTransition if it is already decided."""
    with transaction.atomic():
        deleted, _rows = Channel.objects.filter(pk=channel.pk, state=Channel.State.PENDING).delete()
        if not deleted:
            raise IllegalTransition(_("Only a pending channel can be withdrawn."))
        trail.record(
            action="channel removed",
            subject=channel,
            now=now,
            by=by,
            before={"state": "pending"},
            reason="Withdrawn before it was decided.",
        )


@transaction.atomic
def approve(*, channel: Channel, clause: str, now: datetime, by: User | None, reason: str = MEETS_REQUIREMENTS) -> None:
    """Approve a channel and notify the affiliate."""
    decide(channel=channel, to=Channel.State.APPROVED, reason=reason, now=now, by=by)
    _notify(channel, "channel_approved", clause, now)


@transaction.atomic
def reject(*, channel: Channel, reason: str, clause: str, now: datetime, by: User | None) -> None:
    """Reject a channel, or revoke its approval, with a reason that is sent to the affiliate."""
    decide(channel=channel, to=Channel.State.REJECTED, reason=require_reason(reason), now=now, by=by)
    _notify(channel, "channel_rejected", clause, now)


@transaction.atomic
def decide(*, channel: Channel, to: Channel.State, reason: str, now: datetime, by: User | None) -> None:
    """Store a decision and its audit record without notifying the affiliate, who sees the reason of a rejection.

    Raises IllegalTransition if the channel is not in a state from which it can be decided.
    """
    require_uninvolved(by, [channel.affiliate])
    before = Channel.State(channel.state)
    changed, shown = 0, ""
    if before in DECISIONS[to]:
        shown = reason if to == Channel.State.REJECTED else ""
        changed = Channel.objects.filter(pk=channel.pk, state=before).update(
            state=to, decided_at=now, decided_by=by, reason=shown
        )
    if not changed:
        raise IllegalTransition(_("%(channel)s has already been decided.") % {"channel": channel})
    channel.state, channel.decided_at, channel.decided_by, channel.reason = to, now, by, shown
    trail.record(
        action=f"channel {to.value}",
        subject=channel,
        now=now,
        by=by,
        before={"state": before.value},
        after={"state": to.value},
        reason=reason,
    )


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
