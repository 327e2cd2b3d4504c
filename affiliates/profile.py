"""Changes of an affiliate's profile."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from affiliates import fields
from affiliates.models import Affiliate
from audit import trail


@transaction.atomic
def update_profile(
    *,
    affiliate: Affiliate,
    name: str,
    country: str,
    time_zone: str,
    language: str | None = None,
    now: datetime,
    by: User | None,
) -> None:
    """Store name, country, time zone and, unless it is None, language. Raises ValidationError for invalid fields.

    The audit record has the old and new values except for the name, because it outlives erasure (specification 9).
    """
    new = {
        "name": fields.clean_name(name),
        "country": fields.clean_country(country),
        "time_zone": fields.clean_time_zone(time_zone),
    }
    if language is not None:
        new["language"] = fields.clean_language(language)
    before = Affiliate.objects.select_for_update().get(pk=affiliate.pk)
    changed = sorted(field for field, value in new.items() if getattr(before, field) != value)
    recorded = [field for field in changed if field != "name"]
    old = {field: getattr(before, field) for field in recorded}
    for field, value in new.items():
        setattr(affiliate, field, value)
    if not changed:
        return
    Affiliate.objects.filter(pk=affiliate.pk).update(**new)
    User.objects.filter(pk=affiliate.user_id).update(name=new["name"])
    trail.record(
        action="profile changed",
        subject=affiliate,
        now=now,
        by=by,
        before=old,
        after={"fields": ", ".join(changed)} | {field: new[field] for field in recorded},
        reason="Changed by the affiliate." if by is not None and by.pk == affiliate.user_id else "Corrected by staff.",
    )
