"""How a session was authenticated: with a second factor, and how long ago (specification 9)."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows import reauthentication
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

View = Callable[..., HttpResponse]

# Payouts are approved with an authentication younger than this.
APPROVAL_SECONDS = 15 * 60
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_second_factor(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether the account has an authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=SECOND_FACTORS).exists())


def is_session_verified(request: HttpRequest) -> bool:
    """Return whether this session itself was authenticated with a second factor, not only its account has one."""
    return any(record.get("method") == "mfa" for record in _list_records(request))


def was_authenticated_within(request: HttpRequest, seconds: int) -> bool:
    """Return whether the password or a second factor was entered in this session at most `seconds` ago."""
    times = (record["at"] for record in _list_records(request) if record.get("method") in ("password", "mfa"))
    return time.time() - max(times, default=0.0) < seconds


def record_second_factor(
    request: HttpRequest, user: AbstractBaseUser, authenticator: Authenticator, **_signal: Any
) -> None:
    """Count the set-up of an app or a passkey, which was just used, as an authentication of the session."""
    if authenticator.type in SECOND_FACTORS:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


def _list_records(request: HttpRequest) -> list[dict[str, Any]]:
    if not request.user.is_authenticated:
        return []
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)
    return records


def redirect_to_reauthentication(request: HttpRequest) -> HttpResponse:
    """Ask for the password or second factor, then return to the page. What was posted is not kept.

    Raises PermissionDenied if the account has neither.
    """
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    if not methods:
        raise PermissionDenied(_("Set a password first."))
    return HttpResponseRedirect(f"{methods[0]['url']}?{urlencode({'next': request.get_full_path()})}")


def require_reauthentication(view: View) -> View:
    """Require that the password or second factor was entered again within ACCOUNT_REAUTHENTICATION_TIMEOUT.

    Unlike the decorator of django-allauth it does not store what was posted, such as a bank account, in the session.
    """

    @wraps(view)
    def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and reauthentication.is_reauthentication_required(request, app=""):
            if request.method == "POST":
                messages.warning(request, _("Confirm that it is you, then enter your changes again."))
            return redirect_to_reauthentication(request)
        return view(request, *args, **kwargs)

    return check


def require_recent_authentication(view: View) -> View:
    """Decorate an admin method: it needs an authentication younger than APPROVAL_SECONDS."""

    @wraps(view)
    def check(model_admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not was_authenticated_within(request, APPROVAL_SECONDS):
            return redirect_to_reauthentication(request)
        return view(model_admin, request, *args, **kwargs)

    return check
