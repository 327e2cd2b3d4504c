"""What follows from changes of an account that protect money: both addresses are notified, payouts are held
(specification 6 and 9)."""

from datetime import datetime
from enum import StrEnum, auto
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from affiliates import applications
from affiliates.models import Affiliate
from agreements.clauses import cite_clause
from agreements.models import AgreementVersion
from agreements.rules import Rule
from audit import trail
from lib.ids import uuid7
from mail import outbox
from payouts.payout_details.email_change import hold_after_email_change

# Why an address changed, for the audit trail.
OWN_CHANGE, STAFF_CHANGE = "Changed by its owner.", "Changed by staff."


class Change(StrEnum):
    """What staff can change of how a user signs in, apart from the address."""

    PASSWORD = auto()
    SECOND_FACTOR = auto()


@transaction.atomic
def announce_email_change(*, user: User, before: str, after: str, now: datetime, by: User | None) -> None:
    """Record that the address of `user` changed, notify both addresses and hold payouts.

    Call it in the transaction of the change.
    """
    if not before or before.lower() == after.lower():
        return
    # Audit records outlive erasure, so they hold no address.
    trail.record(
        action="e-mail address changed", subject=user, now=now, by=by, reason=OWN_CHANGE if by == user else STAFF_CHANGE
    )
    for address in (before, after):
        _notify(
            user,
            address,
            "account_email_changed",
            {"before": before, "after": after, "changed_by_staff": by is not None and by.pk != user.pk},
        )
    affiliate = Affiliate.objects.filter(user=user).first()
    if affiliate:
        hold_after_email_change(affiliate=affiliate, now=now, by=by)


@transaction.atomic
def set_email_by_staff(*, user: User, before: str, now: datetime, by: User) -> None:
    """Complete a change of `user.email` that staff made: the owner confirms the new address at the next sign-in."""
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    announce_email_change(user=user, before=before, after=user.email, now=now, by=by)


def notify_of_change_by_staff(*, user: User, change: Change) -> None:
    """Notify `user` that staff changed how they sign in."""
    _notify(user, user.email, "account_changed_by_staff", {"change": change.value})


def acknowledge_application(email_address: EmailAddress, **_signal: object) -> None:
    """Confirm the application of an affiliate who has just confirmed their e-mail address."""
    affiliate = Affiliate.objects.filter(user=email_address.user_id).select_related("user").first()
    if affiliate:
        version = AgreementVersion.objects.get_in_force(timezone.now())
        applications.acknowledge(affiliate=affiliate, clause=cite_clause(version, Rule.ELIGIBILITY))


def _notify(user: User, to: str, kind: str, context: dict[str, object]) -> None:
    outbox.queue_email(
        kind=kind,
        to=to,
        # With the user's id, by which an e-mail to a former address can be found.
        key=f"{kind}:{user.pk}:{uuid7()}",
        context={"name": str(user), "program_name": settings.PROGRAM_NAME, **context},
        language=find_language(user=user),
        user=user,
    )


def find_language(**account: Any) -> str:
    """Return the language of the profile that these lookups find, or "" if there is none."""
    languages = Affiliate.objects.filter(**account).exclude(language="").values_list("language", flat=True)
    return languages.first() or ""
