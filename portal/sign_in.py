"""Sign-in with django-allauth: accounts are created by applications only, and e-mails go to the outbox."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as sign_in_context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from accounts.attempts import release_attempt, reserve_attempt
from accounts.authentication import has_second_factor, is_session_verified
from accounts.models import User
from agreements.models import AgreementVersion, Program
from lib.client_address import get_client_address
from lib.formatting import format_date
from lib.ids import uuid7
from mail import outbox
from portal import account_email, sign_in_limits
from portal.account_changes import announce_email_change, find_language

# The ways to confirm who it is, as buttons.
METHOD_LABELS = {
    "reauthenticate": gettext_lazy("Use password"),
    "mfa_reauthenticate": gettext_lazy("Use a code"),
    "mfa_reauthenticate:webauthn": gettext_lazy("Use a passkey"),
}
# The notice that django-allauth sends to the old address only.
EMAIL_CHANGED = "account/email/email_changed"
# Browsers and servers refuse longer addresses, and so does Django in a redirect.
MAX_NEXT_LENGTH = 2000


def is_open_for_applications(*, now: datetime) -> bool:
    """Return whether a version is in force and no end of the program was announced, which closes applications
    (specification 8)."""
    if Program.objects.filter(end_announced_at__isnull=False, end_announced_at__lte=now).exists():
        return False
    return AgreementVersion.objects.get_in_force(now) is not None


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # django-allauth has no types
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": gettext_lazy(
            "Too many failed attempts. Try again in five minutes, or set a new password."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Allow an account only for an application, while the program accepts any."""
        match = request.resolver_match
        return bool(match and match.view_name == "portal:apply") and is_open_for_applications(now=timezone.now())

    def is_safe_url(self, url: str) -> bool:
        """Return whether `url` may follow in a redirect: every `next` is checked here. Others are ignored."""
        base = urlsplit(settings.BASE_URL)
        return len(url) <= MAX_NEXT_LENGTH and url_has_allowed_host_and_scheme(
            url, allowed_hosts={base.netloc}, require_https=base.scheme == "https"
        )

    def get_client_ip(self, request: HttpRequest) -> str:
        return get_client_address(request) or "unknown"

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Check a password within the limits; a right one is not counted."""
        limits = sign_in_limits.list_limits(request, credentials.get("email") or "")
        if not reserve_attempt(limits):
            raise self.validation_error("too_many_login_attempts")
        user: User | None = super().authenticate(request, **credentials)
        if user:
            release_attempt(limits)
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: `authenticate` counts."""

    def set_password(self, user: User, password: str) -> None:
        """Store a new password, and let the owner sign in with it at once."""
        super().set_password(user, password)
        sign_in_limits.forget_tries(self.request, user.email)

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **options)
        sign_in_limits.remember_browser(request, response, user)
        return response

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Return the ways to confirm who it is. A session without the second factor of its account needs that one."""
        methods = [
            method | {"description": METHOD_LABELS.get(method["id"], method["description"])}
            for method in super().get_reauthentication_methods(user)
        ]
        if methods and has_second_factor(user) and not is_session_verified(self.request):
            return [method for method in methods if method["id"] != "reauthenticate"]
        return methods

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Notify of a change of the account. Every change of address passes here, and both addresses get a notice."""
        if template_prefix == EMAIL_CHANGED and context:
            before, after = context["from_email"], context["to_email"]
            announce_email_change(user=user, before=before, after=after, now=timezone.now(), by=user)
        else:
            super().send_notification_mail(template_prefix, user, {"user": user} | (context or {}), email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the e-mail in the request's transaction; a worker sends it (specification 10)."""
        # That of the profile, or else that of the page.
        language = find_language(user__emailaddress__email__iexact=email) or get_language() or ""
        with override(language):
            self._queue(template_prefix, email, context, language)

    def _queue(self, template_prefix: str, email: str, context: dict[str, Any], language: str) -> None:
        request = sign_in_context.request
        values = {"request": request, "email": email, "program_name": settings.PROGRAM_NAME} | context
        user = context.get("user")
        # A key of its own for each: people may request the same e-mail several times.
        outbox.queue_email(
            kind="account",
            to=email,
            key=f"account:{user.pk if user else 'none'}:{uuid7()}",
            context=account_email.build_context(template_prefix, email, values),
            language=language,
            user=user or User.objects.filter(email__iexact=email).first(),
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
        """Show messages, except that the user signed in or out, which the page itself shows."""
        if message_template not in ("account/messages/logged_in.txt", "account/messages/logged_out.txt"):
            super().add_message(request, level, message_template, message_context, extra_tags, message)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("portal:security")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # django-allauth has no types
    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002 -- django-allauth names it
        """Suggest a name that tells the passkeys of a list apart."""
        return _("Passkey of %(date)s") % {"date": format_date(timezone.now().date())}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": settings.PROGRAM_NAME}
