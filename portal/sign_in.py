"""What sign-in (django-allauth) does the program's way: accounts come from applications, mail goes to the outbox."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as sign_in_context
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7
from mail import outbox
from portal.application_window import is_open_for_applications

# The link that a mail of django-allauth carries in its context, and what its button says.
ACTION_LABELS = {
    "activate_url": _("Confirm my address"),
    "password_reset_url": _("Set a new password"),
    "signup_url": _("Apply"),
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # django-allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """An account is made by an application alone, while the program takes any."""
        match = request.resolver_match
        return bool(match and match.view_name == "portal:apply") and is_open_for_applications(now=timezone.now())

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the mail into the outbox, in the request's transaction; a worker sends it (CONTRACT 10)."""
        request = sign_in_context.request
        values = {"request": request, "email": email, "program_name": settings.PROGRAM_NAME} | context
        subject = " ".join(render_to_string(f"{template_prefix}_subject.txt", values).split())
        body = render_to_string(f"{template_prefix}_message.txt", values)
        key, label = next(((key, label) for key, label in ACTION_LABELS.items() if key in context), ("", ""))
        # Each of these is asked for anew, so each is a mail of its own.
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
            language=get_language() or "",
        )

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Pass the messages on, but not that somebody signed in or out: the page says so by itself."""
        if message_template not in ("account/messages/logged_in.txt", "account/messages/logged_out.txt"):
            super().add_message(request, level, message_template, message_context, extra_tags, message)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("portal:security")
