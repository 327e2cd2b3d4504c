"""Being erased (CONTRACT 9): personal fields go; ledger, acceptances and decided reviews stay under a pseudonym."""

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
    """What must happen before `affiliate` can be erased, in words for them; empty when nothing stands in the way."""
    found = []
    if affiliate.state not in (State.TERMINATED, State.REJECTED):
        found.append(_("Your part in the program has to be over: leave the program first."))
    if booking.get_balance(affiliate) != 0:
        found.append(_("Your balance has to be 0.00: the next closes pay it out."))
    if Payout.objects.for_affiliate(affiliate).filter(state__in=IN_FLIGHT_STATES).exists():
        found.append(_("A payout to you is on its way and has to arrive."))
    if Commission.objects.for_affiliate(affiliate).filter(amount__gt=0, statement_lines=None).exists():
        found.append(_("Commissions of yours are not settled yet."))
    if Review.objects.for_affiliate(affiliate).open().exists():
        found.append(_("A review has to be closed."))
    return found


@transaction.atomic
def request_erasure(*, affiliate: Affiliate, now: datetime, by: User | None) -> ErasureRequest:
    """Keep the request for staff; asked twice it stays the first one."""
    request, new = ErasureRequest.objects.get_or_create(affiliate=affiliate, defaults={"requested_at": now})
    if new:
        trail.record(
            action="erasure requested", subject=affiliate, now=now, by=by, reason="The affiliate asked for it."
        )
    return request


@transaction.atomic
def erase_affiliate(*, affiliate: Affiliate, now: datetime, by: User | None) -> None:
    """Replace the personal fields of `affiliate` by a pseudonym for good; refuses while something stands in the way.

    What the database keeps append-only (ledger, statements, acceptances with their salted digests, steps of reviews,
    audit) names the affiliate by their id and code alone.
    """
    booking.lock_shared()
    affiliate = Affiliate.objects.select_for_update().get(pk=affiliate.pk)
    if affiliate.erased_at is not None:
        raise ValidationError(_("This affiliate has been erased already."))
    if found := list_blockers(affiliate, now):
        raise ValidationError(found)
    user = affiliate.user
    _forget_account(user, affiliate)
    _forget_details(affiliate)
    Affiliate.objects.filter(pk=affiliate.pk).update(
        name=f"Erased {affiliate.code}", country="", time_zone="UTC", language="", muted_kinds=[], erased_at=now
    )
    ErasureRequest.objects.filter(affiliate=affiliate, carried_out_at=None).update(
        carried_out_at=now, carried_out_by=by
    )
    trail.record(
        action="affiliate erased", subject=affiliate, now=now, by=by, reason="They asked, and nothing stood in the way."
    )


def _forget_account(user: User, affiliate: Affiliate) -> None:
    """Close the account: nobody can sign in to it, and its mail is gone."""
    # By the code too: what changed their payout details was also told to the address that the money goes to.
    Message.objects.filter(Q(to__iexact=user.email) | Q(context__code=affiliate.code)).delete()
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.email, user.name, user.is_active = f"erased-{affiliate.pk.hex}@erased.invalid", "", False
    user.save(update_fields=["email", "name", "is_active", "password"])


def _forget_details(affiliate: Affiliate) -> None:
    acceptances.erase_personal_fields(affiliate=affiliate)
    PayoutDetails.objects.filter(affiliate=affiliate).update(
        holder="", encrypted="", masked=_("erased"), fingerprint=""
    )
    for channel in Channel.objects.for_affiliate(affiliate):
        Channel.objects.filter(pk=channel.pk).update(address=f"https://erased.invalid/{channel.pk}", reason="")
