"""Telling staff that something needs a person (CONTRACT 10)."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from accounts.models import User
from mail import outbox


def alert_staff(*, kind: str, key: str, context: Mapping[str, Any] | None = None) -> None:
    """Post the e-mail `kind` to STAFF_ALERT_EMAILS, or to every active superuser if none is set, once for each `key`."""
    for to in list_staff_addresses():
        outbox.queue_email(kind=kind, to=to, key=f"{kind}:{key}:{to}"[:200], context=dict(context or {}))


def list_staff_addresses() -> list[str]:
    """Who is told: the addresses from the settings, else those of the active superusers."""
    if settings.STAFF_ALERT_EMAILS:
        return list(dict.fromkeys(settings.STAFF_ALERT_EMAILS))
    return list(
        User.objects.filter(is_superuser=True, is_active=True).order_by("email").values_list("email", flat=True)
    )
