"""Applying to the program, and what staff make of it (CONTRACT 8, issue "the whole way" 1 and 2).

Approving an application approves its channels too: staff see them with it, and whoever wants one channel out rejects
that one first. Rejecting an application rejects the channels that still wait.
"""

from collections.abc import Sequence
from datetime import datetime

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import channels as vetting
from affiliates import fields
from affiliates.codes import generate_code
from affiliates.errors import AlreadyApplied, EmailNotConfirmed
from affiliates.models import Affiliate, Channel, State
from affiliates.notifications import notify
from affiliates.status_history import change_status, start_history


@transaction.atomic
def apply(
    *,
    user: User,
    name: str,
    country: str,
    channels: Sequence[tuple[str, str]],
    now: datetime,
    time_zone: str = "UTC",
    language: str = "",
) -> Affiliate:
    """Store the application of `user` with its channels, pairs of kind and address, and thank them by e-mail.

    Refuses a second application of one account, an application without a channel, and bad fields by their name.
    """
    if Affiliate.objects.filter(user=user).exists():
        raise AlreadyApplied(_("You have applied already."))
    if not channels:
        raise ValidationError({"channels": _("Enter at least one channel.")})
    affiliate = Affiliate.objects.create(
        user=user,
        code=generate_code(),
        name=fields.clean_name(name),
        country=fields.clean_country(country),
        time_zone=fields.clean_time_zone(time_zone),
        language=fields.clean_language(language),
        state=State.APPLIED,
        state_since=now,
        applied_at=now,
    )
    start_history(affiliate=affiliate, state=State.APPLIED, now=now, by=user)
    for kind, address in channels:
        vetting.add(affiliate=affiliate, kind=kind, address=address, now=now, by=user)
    notify(affiliate=affiliate, kind="application_received", key=str(affiliate.pk))
    return affiliate


def is_email_confirmed(affiliate: Affiliate) -> bool:
    """Whether the affiliate has shown that the e-mail address is theirs."""
    addresses = EmailAddress.objects.filter(user_id=affiliate.user_id, verified=True)
    return bool(addresses.filter(email__iexact=affiliate.user.email).exists())


@transaction.atomic
def approve(*, affiliate: Affiliate, clause: str, now: datetime, by: User | None, reason: str = "") -> None:
    """Approve an application and its waiting channels; the affiliate is asked to accept the agreement.

    Refuses an application whose e-mail address isn't confirmed, and one that was decided before.
    """
    if not is_email_confirmed(affiliate):
        raise EmailNotConfirmed(_("%(affiliate)s has not confirmed the e-mail address yet.") % {"affiliate": affiliate})
    change_status(affiliate=affiliate, to=State.APPROVED, now=now, by=by, reason=reason)
    for channel in _list_pending_channels(affiliate):
        vetting.decide(channel=channel, to=Channel.State.APPROVED, reason="", now=now, by=by)
    notify(
        affiliate=affiliate,
        kind="application_approved",
        key=str(affiliate.pk),
        context={
            "approved": _list_addresses(affiliate, Channel.State.APPROVED),
            "rejected": _list_addresses(affiliate, Channel.State.REJECTED),
        }
        | {"clause": clause},
    )


@transaction.atomic
def reject(*, affiliate: Affiliate, reason: str, clause: str, now: datetime, by: User | None) -> None:
    """Reject an application with a reason, which the applicant reads; refuses one that was decided before."""
    reason = vetting.clean_reason(reason)
    change_status(affiliate=affiliate, to=State.REJECTED, now=now, by=by, reason=reason)
    for channel in _list_pending_channels(affiliate):
        vetting.decide(channel=channel, to=Channel.State.REJECTED, reason=reason, now=now, by=by)
    notify(
        affiliate=affiliate,
        kind="application_rejected",
        key=str(affiliate.pk),
        context={"reason": reason} | {"clause": clause},
    )


def _list_pending_channels(affiliate: Affiliate) -> list[Channel]:
    return list(Channel.objects.for_affiliate(affiliate).filter(state=Channel.State.PENDING))


def _list_addresses(affiliate: Affiliate, state: Channel.State) -> list[str]:
    rows = Channel.objects.for_affiliate(affiliate).filter(state=state).order_by("added_at", "id")
    return list(rows.values_list("address", flat=True))
