"""Changing what an affiliate says of themselves."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import fields
from affiliates.models import Affiliate
from affiliates.notify import OPTIONAL
from audit import trail


@transaction.atomic
def change(*, affiliate: Affiliate, name: str, country: str, time_zone: str, now: datetime, by: User | None) -> None:
    """Store a new name, country and time zone; refuses each by its field.

    The audit record says which of them changed, not what they were: it outlives an erasure (CONTRACT 9).
    """
    new = {"name": fields.name(name), "country": fields.country(country), "time_zone": fields.time_zone(time_zone)}
    changed = sorted(field for field, value in new.items() if getattr(affiliate, field) != value)
    if not changed:
        return
    Affiliate.objects.filter(pk=affiliate.pk).update(**new)
    User.objects.filter(pk=affiliate.user_id).update(name=new["name"])
    for field, value in new.items():
        setattr(affiliate, field, value)
    trail.record(action="profile changed", subject=affiliate, now=now, by=by, after={"fields": ", ".join(changed)})


@transaction.atomic
def mute(*, affiliate: Affiliate, muted: list[str], now: datetime, by: User | None) -> None:
    """Switch off exactly the optional e-mails in `muted`; a legal notice or one about money can't be (CONTRACT 10)."""
    if set(muted) - set(OPTIONAL):
        raise ValidationError({"wanted": _("This e-mail can't be switched off.")})
    if sorted(muted) == sorted(affiliate.muted):
        return
    before = ", ".join(sorted(affiliate.muted))
    affiliate.muted = sorted(muted)
    Affiliate.objects.filter(pk=affiliate.pk).update(muted=affiliate.muted)
    trail.record(
        action="notifications changed",
        subject=affiliate,
        now=now,
        by=by,
        before={"muted": before},
        after={"muted": ", ".join(affiliate.muted)},
    )
