"""Erasure of personal data (specification 9).

Personal fields are deleted; the ledger, acceptances and decided reviews stay under a pseudonym.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate, Channel, State
from agreements import acceptances
from audit import trail
from compliance.models import Review
from mail.models import Message
from payouts.ledger import booking
from payouts.models import Commission, Payout, PayoutDetails
from portal.models import ErasureRequest

IN_FLIGHT_STATES = (Payout.State.DRAFT, Payout.State.SUBMITTED, Payout.State.APPROVED, Payout.State.SENT)


def list_blockers(affiliate: Affiliate, now: datetime) -> list[str]:
    """Return what must happen before `affiliate` can be erased, as text for them; empty if nothing is left."""
    blockers = []
    if affiliate.state not in (State.TERMINATED, State.REJECTED):
        blockers.append(_("You are still in the program: leave the program first."))
    balance = booking.get_balance(affiliate)
    if balance > 0:
        blockers.append(_("Your balance must be 0.00: the next monthly closes pay it out."))
    elif balance < 0:
        blockers.append(
            _("Your balance must be 0.00. It is negative: it is offset against your later commissions or by staff.")
        )
    if Payout.objects.for_affiliate(affiliate).filter(state__in=IN_FLIGHT_STATES).exists():
        blockers.append(_("A payout to you is still on its way."))
    if Commission.objects.for_affiliate(affiliate).filter(amount__gt=0, statement_lines=None).exists():
        blockers.append(_("Some of your commissions are not settled yet."))
    if Review.objects.for_affiliate(affiliate).open().exists():
        blockers.append(_("A review is still open."))
    return blockers


@transaction.atomic
def request_erasure(*, affiliate: Affiliate, now: datetime, by: User | None) -> ErasureRequest:
    """Store the request for staff; a repeated request changes nothing."""
    request, created = ErasureRequest.objects.get_or_create(affiliate=affiliate, defaults={"requested_at": now})
    if created:
        trail.record(
            action="erasure requested", subject=affiliate, now=now, by=by, reason="Requested by the affiliate."
        )
    return request


@transaction.atomic
def erase_affiliate(*, affiliate: Affiliate, now: datetime, by: User | None) -> None:
    """Permanently replace the personal fields of `affiliate` with a pseudonym.

    Append-only rows (ledger, statements, acceptances with their salted digests, review events, audit) identify the
    affiliate only by id and code. Raises ValidationError with the blockers, or if the affiliate was erased before.
    """
    booking.lock_shared()
    affiliate = Affiliate.objects.select_for_update().get(pk=affiliate.pk)
    if affiliate.erased_at is not None:
        raise ValidationError(_("This affiliate has already been erased."))
    if blockers := list_blockers(affiliate, now):
        raise ValidationError(blockers)
    user = affiliate.user
    _erase_account(user, affiliate)
    _erase_details(affiliate)
    Affiliate.objects.filter(pk=affiliate.pk).update(
        name=f"Erased {affiliate.code}", country="", time_zone="UTC", language="", muted_kinds=[], erased_at=now
    )
    ErasureRequest.objects.filter(affiliate=affiliate, carried_out_at=None).update(
        carried_out_at=now, carried_out_by=by
    )
    trail.record(
        action="affiliate erased",
        subject=affiliate,
        now=now,
        by=by,
        reason="Requested by the affiliate; nothing was outstanding.",
    )


def _erase_account(user: User, affiliate: Affiliate) -> None:
    """Close the account to sign-in and delete its e-mails."""
    # Changes of payout details were also e-mailed to the payout address: those messages are found by the code.
    Message.objects.filter(Q(to__iexact=user.email) | Q(context__code=affiliate.code)).delete()
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.email, user.name, user.is_active = f"erased-{affiliate.pk.hex}@erased.invalid", "", False
    user.save(update_fields=["email", "name", "is_active", "password"])


def _erase_details(affiliate: Affiliate) -> None:
    acceptances.erase_personal_fields(affiliate=affiliate)
    PayoutDetails.objects.filter(affiliate=affiliate).update(
        holder="", encrypted="", masked=_("erased"), fingerprint=""
    )
    for channel in Channel.objects.for_affiliate(affiliate):
        Channel.objects.filter(pk=channel.pk).update(address=f"https://erased.invalid/{channel.pk}", reason="")
