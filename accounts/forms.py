"""Forms of django-allauth in which people enter an e-mail address, which is cleaned as everywhere."""

from typing import Any

from allauth.account import forms as account_forms
from django import forms

from lib.fields import EmailFormField


class CleanEmailMixin:
    """A form whose e-mail addresses are read without invisible characters."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, forms.EmailField):
                self.fields[name] = EmailFormField(
                    label=field.label, required=field.required, widget=field.widget, help_text=field.help_text
                )


class LoginForm(CleanEmailMixin, account_forms.LoginForm):  # type: ignore[misc]  # django-allauth has no types
    """Sign in."""


class AddEmailForm(CleanEmailMixin, account_forms.AddEmailForm):  # type: ignore[misc]  # django-allauth has no types
    """Change the address."""


class ResetPasswordForm(CleanEmailMixin, account_forms.ResetPasswordForm):  # type: ignore[misc]  # as above
    """Ask for a new password."""
