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
from affiliates.codes import new_code
from affiliates.errors import AlreadyApplied, EmailNotConfirmed
from affiliates.models import Affiliate, Channel, State
from affiliates.notify import notify
from affiliates.standing import begin, move


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
        raise ValidationError({"channels": _("Name at least one channel.")})
    affiliate = Affiliate.objects.create(
        user=user,
        code=new_code(),
        name=fields.name(name),
        country=fields.country(country),
        time_zone=fields.time_zone(time_zone),
        language=fields.language(language),
        state=State.APPLIED,
        state_since=now,
        applied_at=now,
    )
    begin(affiliate=affiliate, state=State.APPLIED, now=now, by=user)
    for kind, address in channels:
        vetting.add(affiliate=affiliate, kind=kind, address=address, now=now, by=user)
    notify(affiliate=affiliate, kind="application_received", key=str(affiliate.pk))
    return affiliate


def email_is_confirmed(affiliate: Affiliate) -> bool:
    """Whether the affiliate has shown that the e-mail address is theirs."""
    addresses = EmailAddress.objects.filter(user_id=affiliate.user_id, verified=True)
    return bool(addresses.filter(email__iexact=affiliate.user.email).exists())


@transaction.atomic
def approve(*, affiliate: Affiliate, clause: str, now: datetime, by: User | None, reason: str = "") -> None:
    """Approve an application and its waiting channels; the affiliate is asked to accept the agreement.

    Refuses an application whose e-mail address isn't confirmed, and one that was decided before.
    """
    if not email_is_confirmed(affiliate):
        raise EmailNotConfirmed(_("%(affiliate)s has not confirmed the e-mail address yet.") % {"affiliate": affiliate})
    move(affiliate=affiliate, to=State.APPROVED, now=now, by=by, reason=reason)
    for channel in _waiting(affiliate):
        vetting.decide(channel=channel, to=Channel.State.APPROVED, reason="", now=now, by=by)
    notify(
        affiliate=affiliate,
        kind="application_approved",
        key=str(affiliate.pk),
        context={
            "approved": _addresses(affiliate, Channel.State.APPROVED),
            "rejected": _addresses(affiliate, Channel.State.REJECTED),
        }
        | {"clause": clause},
    )


@transaction.atomic
def reject(*, affiliate: Affiliate, reason: str, clause: str, now: datetime, by: User | None) -> None:
    """Reject an application with a reason, which the applicant reads; refuses one that was decided before."""
    reason = vetting.reason_given(reason)
    move(affiliate=affiliate, to=State.REJECTED, now=now, by=by, reason=reason)
    for channel in _waiting(affiliate):
        vetting.decide(channel=channel, to=Channel.State.REJECTED, reason=reason, now=now, by=by)
    notify(
        affiliate=affiliate,
        kind="application_rejected",
        key=str(affiliate.pk),
        context={"reason": reason} | {"clause": clause},
    )


def _waiting(affiliate: Affiliate) -> list[Channel]:
    return list(Channel.objects.for_affiliate(affiliate).filter(state=Channel.State.PENDING))


def _addresses(affiliate: Affiliate, state: Channel.State) -> list[str]:
    rows = Channel.objects.for_affiliate(affiliate).filter(state=state).order_by("added_at", "id")
    return list(rows.values_list("address", flat=True))
