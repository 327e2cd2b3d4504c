"""The optional e-mails that an affiliate has turned off, or on (specification 10)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate
from audit import trail
from mail.unsubscription import OPT_IN_KINDS, OPTIONAL_KINDS
from messaging import sales
from messaging.models import SaleSubscription


def list_muted_emails(affiliate: Affiliate) -> list[str]:
    """Return the optional e-mails that the affiliate doesn't get."""
    wants_sales = SaleSubscription.objects.filter(affiliate=affiliate).exists()
    return sorted([*affiliate.muted_kinds, *(() if wants_sales else OPT_IN_KINDS)])


@transaction.atomic
def set_muted_emails(
    *, affiliate: Affiliate, muted: list[str], now: datetime, by: User | None, reason: str = "Changed by the affiliate."
) -> None:
    """Turn off exactly the optional e-mails in `muted`, and the others on.

    Raises ValidationError for any other kind: legal notices and e-mails about money are always sent (specification 10).
    """
    if set(muted) - set(OPTIONAL_KINDS):
        raise ValidationError({"wanted": _("This e-mail can't be turned off.")})
    before, after = list_muted_emails(affiliate), sorted(muted)
    if before == after:
        return
    affiliate.muted_kinds = [kind for kind in after if kind not in OPT_IN_KINDS]
    Affiliate.objects.filter(pk=affiliate.pk).update(muted_kinds=affiliate.muted_kinds)
    if "sale" in after:
        sales.unsubscribe(affiliate=affiliate)
    else:
        sales.subscribe(affiliate=affiliate, now=now)
    trail.record(
        action="notifications changed",
        subject=affiliate,
        now=now,
        by=by,
        before=_describe(before),
        after=_describe(after),
        reason=reason,
    )


def _describe(muted: list[str]) -> dict[str, object]:
    """Return the values for the audit trail: what is off of what is on by default, and on of what is off."""
    kinds = ", ".join(kind for kind in muted if kind not in OPT_IN_KINDS)
    return {"muted": kinds} | {kind: True for kind in OPT_IN_KINDS if kind not in muted}


@transaction.atomic
def mute_email(*, affiliate: Affiliate, kind: str, now: datetime) -> None:
    """Turn off one optional e-mail by its unsubscribe address; if it is off already, do nothing."""
    affiliate.muted_kinds = Affiliate.objects.select_for_update().get(pk=affiliate.pk).muted_kinds
    muted = list_muted_emails(affiliate)
    set_muted_emails(
        affiliate=affiliate,
        muted=muted if kind in muted else [*muted, kind],
        now=now,
        by=None,
        reason="Unsubscribed by the address in an e-mail.",
    )
