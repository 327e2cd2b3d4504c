"""The optional e-mails that an affiliate has turned off."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate
from audit import trail
from mail.unsubscription import OPTIONAL_KINDS


@transaction.atomic
def set_muted_emails(
    *, affiliate: Affiliate, muted: list[str], now: datetime, by: User | None, reason: str = "Changed by the affiliate."
) -> None:
    """Turn off exactly the optional e-mails in `muted`.

    Raises ValidationError for any other kind: legal notices and e-mails about money are always sent (specification 10).
    """
    if set(muted) - set(OPTIONAL_KINDS):
        raise ValidationError({"wanted": _("This e-mail can't be turned off.")})
    if sorted(muted) == sorted(affiliate.muted_kinds):
        return
    before = ", ".join(sorted(affiliate.muted_kinds))
    affiliate.muted_kinds = sorted(muted)
    Affiliate.objects.filter(pk=affiliate.pk).update(muted_kinds=affiliate.muted_kinds)
    trail.record(
        action="notifications changed",
        subject=affiliate,
        now=now,
        by=by,
        before={"muted": before},
        after={"muted": ", ".join(affiliate.muted_kinds)},
        reason=reason,
    )


@transaction.atomic
def mute_email(*, affiliate: Affiliate, kind: str, now: datetime) -> None:
    """Turn off one optional e-mail by its unsubscribe address; if it is off already, do nothing."""
    affiliate.muted_kinds = Affiliate.objects.select_for_update().get(pk=affiliate.pk).muted_kinds
    muted = [*affiliate.muted_kinds, kind] if kind not in affiliate.muted_kinds else affiliate.muted_kinds
    set_muted_emails(
        affiliate=affiliate, muted=muted, now=now, by=None, reason="Unsubscribed by the address in an e-mail."
    )
