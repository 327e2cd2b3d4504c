"""Sign-in with django-allauth: accounts are created by applications only, and e-mails go to the outbox."""

from datetime import datetime
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as sign_in_context
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from affiliates.models import Affiliate
from agreements.models import AgreementVersion, Program
from lib.ids import uuid7
from mail import outbox

# The link in the context of each e-mail of django-allauth, and the label of its button.
ACTION_LABELS = {
    "activate_url": _("Confirm e-mail address"),
    "password_reset_url": _("Set new password"),
    "signup_url": _("Apply"),
}


def is_open_for_applications(*, now: datetime) -> bool:
    """Return whether a version is in force and no end of the program was announced, which closes applications
    (specification 8)."""
    if Program.objects.filter(end_announced_at__isnull=False, end_announced_at__lte=now).exists():
        return False
    return AgreementVersion.objects.get_in_force(now) is not None


def _find_language(email: str) -> str:
    """Return the language of the profile that `email` belongs to, or else that of the page."""
    rows = Affiliate.objects.filter(user__emailaddress__email__iexact=email).exclude(language="")
    return rows.values_list("language", flat=True).first() or get_language() or ""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # django-allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Allow an account only for an application, while the program accepts any."""
        match = request.resolver_match
        return bool(match and match.view_name == "portal:apply") and is_open_for_applications(now=timezone.now())

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the e-mail in the request's transaction; a worker sends it (specification 10)."""
        language = _find_language(email)
        with override(language):
            self._queue(template_prefix, email, context, language)

    def _queue(self, template_prefix: str, email: str, context: dict[str, Any], language: str) -> None:
        request = sign_in_context.request
        values = {"request": request, "email": email, "program_name": settings.PROGRAM_NAME} | context
        subject = " ".join(render_to_string(f"{template_prefix}_subject.txt", values).split())
        body = render_to_string(f"{template_prefix}_message.txt", values)
        key, label = next(((key, label) for key, label in ACTION_LABELS.items() if key in context), ("", ""))
        # A key of its own for each: people may request the same e-mail several times.
        outbox.queue_email(
            kind="account",
            to=email,
            key=f"account:{uuid7()}",
            context={
                "subject": subject,
                "paragraphs": [paragraph.strip() for paragraph in body.split("\n\n") if paragraph.strip()],
                "url": context.get(key, ""),
                "label": str(label),
            },
            language=language,
            user=context.get("user") or User.objects.filter(email__iexact=email).first(),
        )

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Name the account: the e-mail may go to an address that it no longer has."""
        super().send_notification_mail(template_prefix, user, {**(context or {}), "user": user}, email)

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Show messages, except that the user signed in or out, which the page itself shows."""
        if message_template not in ("account/messages/logged_in.txt", "account/messages/logged_out.txt"):
            super().add_message(request, level, message_template, message_context, extra_tags, message)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("portal:security")
