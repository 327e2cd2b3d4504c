"""The e-mails of django-allauth about an account, as the kind "account" of the outbox (specification 9 and 10)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy

from accounts.models import User
from affiliates.models import Affiliate
from agreements.periods import get_program_time_zone
from lib.formatting import format_datetime

# The link in the context of each e-mail, and the label of its button.
ACTION_LABELS = {
    "activate_url": gettext_lazy("Confirm e-mail address"),
    "password_reset_url": gettext_lazy("Set new password"),
    "signup_url": gettext_lazy("Apply"),
}


def build_context(template_prefix: str, email: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context of the kind "account", filled from the templates of django-allauth in the current language."""
    user = values.get("user")
    if "timestamp" in values:
        values = {**values, "timestamp": format_datetime(values["timestamp"], _find_time_zone(user))}
    body = render_to_string(f"{template_prefix}_message.txt", dict(values))
    key, label = next(((key, label) for key, label in ACTION_LABELS.items() if key in values), ("", ""))
    return {
        "name": str(user) if _has_confirmed(user, email) else "",
        "subject": " ".join(render_to_string(f"{template_prefix}_subject.txt", dict(values)).split()),
        "paragraphs": [paragraph.strip() for paragraph in body.split("\n\n") if paragraph.strip()],
        "url": build_public_url(values.get(key, "")),
        "label": str(label),
    }


def build_public_url(url: str) -> str:
    """Return `url` at the host of BASE_URL. The Host header of a request is what its sender likes."""
    base = urlsplit(settings.BASE_URL)
    return urlsplit(url)._replace(scheme=base.scheme, netloc=base.netloc).geturl() if url else ""


def _has_confirmed(user: User | None, email: str) -> bool:
    """Return whether `user` may be named: a stranger may have applied with any name and another person's address.

    The address is looked up without a user too, so that e-mails to known and unknown addresses take equal work.
    """
    confirmed = EmailAddress.objects.filter(email__iexact=email, verified=True)
    owners = set(confirmed.values_list("user", flat=True))
    return user is not None and user.pk in owners


def _find_time_zone(user: User | None) -> str:
    """Return the zone of the affiliate's profile, or that of the program."""
    zone = Affiliate.objects.filter(user=user).values_list("time_zone", flat=True).first() if user else None
    return zone or get_program_time_zone().key
