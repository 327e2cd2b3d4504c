"""Users and staff groups, for superusers."""

from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.contrib.auth.admin import GroupAdmin as StockGroupAdmin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.forms import (
    AdminPasswordChangeForm,
    UnfoldReadOnlyPasswordHashWidget,
    UserChangeForm,
    UserCreationForm,
)

from accounts.groups import DESCRIPTIONS
from accounts.models import User
from audit.admin_bases import REASON, AuditedAdmin, build_reason_field
from lib.admin.bases import ReadOnlyAdmin
from lib.reasons import require_reason
from lib.text import clean_name

# The kinds of accounts that the list shows.
ACCOUNTS = {
    "staff": gettext_lazy("Staff"),
    "affiliates": gettext_lazy("Affiliates"),
    "all": gettext_lazy("All accounts"),
}

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
admin.site.unregister(EmailConfirmation)
admin.site.unregister(Authenticator)


def _describe_groups() -> str:
    """Return what each group does, one a line; superusers may do everything."""
    lines = [f"{name}: {text}" for name, text in DESCRIPTIONS.items()]
    lines.append(_("Superusers may do everything, also what has no group: users, agreement, program, audit trail."))
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))


class RoleFormMixin:
    """Cleans the name, describes the groups, and refuses a group or superuser without access to the admin."""

    fields: dict[str, Any]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" in self.fields:
            self.fields["groups"].help_text = _describe_groups()

    def clean_name(self) -> str:
        """Return the name without invisible characters."""
        return clean_name(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or self.cleaned_data  # type: ignore[misc]  # of the form
        has_role = answers.get("groups") or answers.get("is_superuser")
        if has_role and "is_staff" in self.fields and not answers.get("is_staff"):
            error = _(
                "Without this the user cannot open the admin, so a group has no effect. Tick it, or choose no group."
            )
            self.add_error("is_staff", error)  # type: ignore[attr-defined]  # of the form
        return answers


class NewUserForm(RoleFormMixin, UserCreationForm):  # type: ignore[misc]  # unfold has no types
    class Meta:
        model = User
        fields = ("email", "name", "is_staff", "groups")


class PasswordStateWidget(UnfoldReadOnlyPasswordHashWidget):  # type: ignore[misc]  # unfold has no types
    """Says whether there is a password, not how it is stored."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        text = _("A password is set.") if value and is_password_usable(value) else _("No password is set.")
        return context | {"summary": [{"label": text}]}


class ChangedUserForm(RoleFormMixin, UserChangeForm):  # type: ignore[misc]  # unfold has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.fields["password"].widget = PasswordStateWidget()


class SetPasswordForm(AdminPasswordChangeForm):  # type: ignore[misc]  # unfold has no types
    audit_reason = build_reason_field(gettext_lazy("Reason for this change"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Accounts without a password are not offered: they could sign in by a reset all the same.
        self.fields.pop("usable_password", None)
        for field in ("password1", "password2"):
            self.fields[field].required = True


class AccountFilter(admin.SimpleListFilter):
    """Staff, unless someone is searched for or other accounts are chosen."""

    title = gettext_lazy("accounts")
    parameter_name = "accounts"
    template = "admin/accounts/no_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        self.is_search = bool(request.GET.get(SEARCH_VAR, "").strip())
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(ACCOUNTS.items())

    def value(self) -> str:
        chosen = super().value()
        return chosen if chosen in ACCOUNTS else ("all" if self.is_search else "staff")

    def choices(self, changelist: Any) -> Any:
        """Offer each kind; none of them is Django's "All", because staff are shown at first."""
        for value, label in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: value}, remove=[PAGE_VAR])
            yield {"selected": self.value() == value, "query_string": link, "display": label}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "staff":
            return queryset.filter(is_staff=True)
        return queryset.filter(affiliate__isnull=False) if self.value() == "affiliates" else queryset


@admin.register(User)
class UserAdmin(AuditedAdmin, StockUserAdmin):  # type: ignore[type-arg]  # takes none when it runs
    form = ChangedUserForm
    add_form = NewUserForm
    change_password_form = SetPasswordForm
    change_user_password_template = "admin/confirm.html"  # noqa: S105 -- a template  # nosec B105 -- a template
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = (AccountFilter, "is_active", "is_superuser", "groups")
    list_before_template = "admin/accounts/tabs.html"
    search_fields = ("email", "name")
    search_help_text = gettext_lazy("A name or e-mail address, of staff and affiliates")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (gettext_lazy("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "is_staff", "groups", "usable_password", "password1", "password2")}),
    )
    # Audit records outlive erasure, so they hold no personal data.
    unrecorded_fields = ("email", "name", "password", "password1", "password2")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Keep staff and affiliates apart, in tabs above the list."""
        searched = request.GET.get(SEARCH_VAR, "").strip()
        chosen = request.GET.get(AccountFilter.parameter_name) or ("all" if searched else "staff")
        tabs = [(name, label, name == chosen) for name, label in ACCOUNTS.items()]
        return super().changelist_view(request, {"tabs": tabs, **(extra_context or {})})

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Users stay on record; deactivate them to prevent sign-in."""
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 -- Django names it
        """Change a user's password and write an audit record."""
        with transaction.atomic():
            before = self.get_object(request, unquote(id))
            response = super().user_change_password(request, id, form_url)
            after = self.get_object(request, unquote(id))
            if before and after and before.password != after.password:
                reason = require_reason(request.POST.get(REASON, ""), field=REASON)
                self.record_change(request, after, "password changed", reason=reason)
        if isinstance(response, TemplateResponse):
            back = reverse("admin:accounts_user_change", args=[id])
            response.context_data = {**(response.context_data or {}), "back": back}
        return response


@admin.register(Group)
class GroupAdmin(AuditedAdmin, StockGroupAdmin):
    """Each migration resets the permissions of the four predefined groups (accounts.groups)."""


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    list_display = ("email", "user", "verified", "primary")
    list_filter = ("verified", "primary")
    search_fields = ("email", "user__name")
    list_select_related = ("user",)


@admin.register(Authenticator)
class AuthenticatorAdmin(AuditedAdmin):
    """Second factors, without their secrets. Staff can only delete them, for users who lost theirs."""

    ordering = ("-pk",)
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
