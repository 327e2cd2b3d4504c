"""Users and second factors in the admin: the owner of an account is notified of what staff change."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.admin.users import AuthenticatorAdmin, UserAdmin
from accounts.models import User
from accounts.staff import staff_member
from portal import account_changes

admin.site.unregister(User)
admin.site.unregister(Authenticator)


@admin.register(User)
class NotifyingUserAdmin(UserAdmin):
    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[Any]", change: bool) -> None:
        """Save a user; a new address replaces the one to sign in with, and both are notified."""
        if change and "email" in form.changed_data:
            obj.email = obj.email.lower()
            super().save_model(request, obj, form, change)
            account_changes.set_email_by_staff(
                user=obj, before=str(form.initial["email"]), now=timezone.now(), by=staff_member(request)
            )
        else:
            super().save_model(request, obj, form, change)
            if not change:
                # Signing in needs a confirmed address; the e-mail says that an account was created.
                address, _created = EmailAddress.objects.get_or_create(
                    user=obj, email=obj.email.lower(), defaults={"primary": True}
                )
                address.send_confirmation(request)
                messages.info(
                    request,
                    _("%(email)s got an e-mail that asks to confirm the address. Until then they cannot sign in.")
                    % {"email": obj.email},
                )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 -- Django names it
        """Change a user's password and notify the user."""
        with transaction.atomic():
            before = self.get_object(request, unquote(id))
            response = super().user_change_password(request, id, form_url)
            after = self.get_object(request, unquote(id))
            if before and after and before.password != after.password:
                account_changes.notify_of_change_by_staff(user=after, change=account_changes.Change.PASSWORD)
        return response


@admin.register(Authenticator)
class NotifyingAuthenticatorAdmin(AuthenticatorAdmin):
    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Remove a second factor and notify the user."""
        super().delete_model(request, obj)
        account_changes.notify_of_change_by_staff(user=obj.user, change=account_changes.Change.SECOND_FACTOR)
