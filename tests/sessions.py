"""Sessions of tests, with what django-allauth records about how they were authenticated."""

import time
from collections.abc import Sequence

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from django.test import Client

from accounts.models import User


def sign_in(client: Client, user: User, methods: Sequence[str] = ("password",), *, seconds_ago: float = 0) -> Client:
    """Sign `user` in with an authentication by each of `methods` ("password" or "mfa") `seconds_ago`."""
    client.force_login(user)
    session = client.session
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": method, "at": time.time() - seconds_ago} for method in methods
    ]
    session.save()
    return client


def confirm_identity(client: Client, method: str = "password") -> Client:
    """Record that the user of `client` entered the password or second factor again a moment ago."""
    session = client.session
    records = session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = session["_auth_user_id"]
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        *records,
        {"method": method, "at": time.time(), "reauthenticated": True},
    ]
    session.save()
    return client
