"""E-mail alerts to staff (specification 10)."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from accounts.models import User
from mail import outbox


def alert_staff(*, kind: str, key: str, context: Mapping[str, Any] | None = None) -> None:
    """Queue the e-mail `kind` for staff, once per `key`."""
    for to in list_staff_addresses():
        # Staff have no profile, so they read the language of the installation.
        outbox.queue_email(kind=kind, to=to, key=f"{kind}:{key}:{to}"[:200], context=dict(context or {}), language="")


def list_staff_addresses() -> list[str]:
    """Return the addresses in STAFF_ALERT_EMAILS, or those of all active superusers if it is empty."""
    if settings.STAFF_ALERT_EMAILS:
        return list(dict.fromkeys(settings.STAFF_ALERT_EMAILS))
    return list(
        User.objects.filter(is_superuser=True, is_active=True).order_by("email").values_list("email", flat=True)
    )
