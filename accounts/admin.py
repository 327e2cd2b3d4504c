"""People who may sign in, the groups of staff, and the shop's API keys: for superusers."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as StockGroupAdmin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import api_keys
from accounts.admin_bases import AuditedAdmin, ReadOnlyAdmin
from accounts.models import ApiKey, User
from accounts.staff_actions import ReasonForm, run_action, who

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)


class NewUserForm(UserCreationForm):  # type: ignore[misc]  # unfold has no types
    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        """One spelling an address: people sign in without regard to case."""
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(AuditedAdmin, StockUserAdmin):  # type: ignore[type-arg]  # takes none when it runs
    form = UserChangeForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (gettext_lazy("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)
    # The trail outlives an erasure, so it holds nothing personal.
    unrecorded = ("email", "name", "password", "password1", "password2")

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever did something stays on record; without `is_active` they can't sign in."""
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 -- Django names it
        """Set somebody's password, on the record."""
        with transaction.atomic():
            before = self.get_object(request, unquote(id))
            response = super().user_change_password(request, id, form_url)
            after = self.get_object(request, unquote(id))
            if before and after and before.password != after.password:
                self.put_on_record(request, after, "password changed")
        return response


@admin.register(Group)
class GroupAdmin(AuditedAdmin, StockGroupAdmin):
    """The four groups that ship get their rights back with every migration (accounts.groups); others are your own."""


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    list_display = ("email", "user", "verified", "primary")
    list_filter = ("verified", "primary")
    search_fields = ("email", "user__name")
    list_select_related = ("user",)


@admin.register(Authenticator)
class AuthenticatorAdmin(AuditedAdmin):
    """Second factors without their secrets: removed for whoever has lost theirs, on the record, and never made here."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name")
    fields = list_display
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return False


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("What it is for, such as “the shop's order export”."),
    )


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "created_at", "created_by", "last_used_at", "revoked_at")
    fields = list_display
    actions_list = ("make",)
    actions_detail = ("revoke",)

    # By methods, not by the names of rights: unfold looks those up in the database, which has no tables yet when it is
    # migrated for the first time.
    def has_make_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.add_apikey")

    def has_revoke_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("accounts.change_apikey")

    @action(description=gettext_lazy("Make a key"), permissions=["make"])  # type: ignore[untyped-decorator]  # unfold has no types
    def make(self, request: HttpRequest) -> HttpResponse:
        """Ask for a name, make the key, and show its secret this once: on the answer itself, never stored."""
        form = ApiKeyForm(request.POST or None)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Make an API key")}
        if form.is_valid():
            key, secret = api_keys.create(name=form.cleaned_data["name"], now=timezone.now(), by=who(request))
            made = TemplateResponse(request, "admin/api_key_made.html", context | {"key": key, "secret": secret})
            made["Cache-Control"] = "no-store"
            return made
        back = reverse("admin:accounts_apikey_changelist")
        return TemplateResponse(request, "admin/confirm.html", context | {"form": form, "back": back})

    @action(description=gettext_lazy("Revoke"), permissions=["revoke"])  # type: ignore[untyped-decorator]  # unfold has no types
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let nobody sign in with the key any more."""
        key = get_object_or_404(ApiKey, pk=object_id)
        return run_action(
            request,
            self,
            ReasonForm,
            _("Revoke the key %(key)s") % {"key": key},
            lambda answers: api_keys.revoke(key=key, reason=answers["reason"], now=timezone.now(), by=who(request)),
            reverse("admin:accounts_apikey_change", args=[key.pk]),
        )
