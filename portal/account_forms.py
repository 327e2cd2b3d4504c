"""Forms of django-allauth with stricter checks of what is posted."""

import json
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm as StockChangePasswordForm
from allauth.account.forms import UserTokenForm as StockUserTokenForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

PASSKEY_NAME_LENGTH = 100
# A credential has some 2 KB; attestations of hardware keys some more.
MAX_CREDENTIAL_LENGTH = 20_000
INVALID_PASSKEY = _("The passkey could not be read. Try again.")


class ChangePasswordForm(StockChangePasswordForm):  # type: ignore[misc]  # django-allauth has no types
    def clean_oldpassword(self) -> str:
        """Check the current password within the limits of sign-in."""
        password: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password


class UserTokenForm(StockUserTokenForm):  # type: ignore[misc]  # django-allauth has no types
    """The parts of the link in the e-mail that resets a password."""

    def clean(self) -> dict[str, Any]:
        # The stock form looks up users even by an id that it found invalid, such as one with a NUL character.
        if self.errors:
            raise get_adapter().validation_error("invalid_password_reset")
        cleaned: dict[str, Any] = super().clean()
        return cleaned


class CredentialField(forms.JSONField):
    """The answer of an authenticator as JSON: an object of bounded size, without NUL, however deeply nested."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and (len(value) > MAX_CREDENTIAL_LENGTH or "\\u0000" in value):
            raise ValidationError(INVALID_PASSKEY)
        try:
            parsed = super().to_python(value)
        except (RecursionError, ValueError) as error:
            raise ValidationError(INVALID_PASSKEY) from error
        if parsed is not None and not isinstance(parsed, dict):
            raise ValidationError(INVALID_PASSKEY)
        return parsed

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Never show again what was posted: it cannot be used twice."""
        return None

    def prepare_value(self, value: Any) -> str:
        return "" if value is None else json.dumps(value)


class _CheckedCredential(forms.Form):
    """Turns whatever the WebAuthn library raises for an invalid credential into an error of the field."""

    credential = CredentialField()

    def clean_credential(self) -> Any:
        return _reject_invalid(lambda: super(_CheckedCredential, self).clean_credential())  # type: ignore[misc]


def _reject_invalid(check: Callable[[], Any]) -> Any:
    try:
        return check()
    except (ValidationError, DatabaseError):
        raise
    except Exception as error:
        raise ValidationError(INVALID_PASSKEY) from error


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # django-allauth has no types
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=PASSKEY_NAME_LENGTH,
        help_text=_("Tells your passkeys apart, such as “Laptop” or “Blue USB key”."),
    )
    passwordless = forms.BooleanField(
        label=_("Sign in without a password"),
        required=False,
        initial=True,
        help_text=_("Needs a device that checks a fingerprint or a PIN. Untick it for a simple security key."),
    )
    credential = CredentialField()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = _reject_invalid(super().clean)
        return cleaned


class RenamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]  # django-allauth has no types
    name = forms.CharField(label=_("Name"), max_length=PASSKEY_NAME_LENGTH)


class AuthenticatePasskeyForm(_CheckedCredential, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class ReauthenticatePasskeyForm(_CheckedCredential, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class LoginPasskeyForm(_CheckedCredential, LoginWebAuthnForm):  # type: ignore[misc]
    pass
