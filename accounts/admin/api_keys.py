"""The shop's API keys: made, rotated with an overlap, revoked; for superusers."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import api_keys
from accounts.models import ApiKey, Scope
from accounts.models.api_key import list_scopes
from accounts.staff import staff_member
from lib.admin.actions import CONFIRMED, ReasonForm, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.errors import NotAllowed
from lib.typed import action

DEFAULT_OVERLAP = timedelta(days=7)


class CreateKeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("What it is for, such as “the shop's order export”."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May"),
        choices=[(scope.value, f"{scope.label} ({scope.value})") for scope in Scope],
        initial=list_scopes,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("A shop that asks for nothing needs to send alone."),
    )


class RotateForm(forms.Form):
    until = forms.SplitDateTimeField(
        label=gettext_lazy("The old key works until"),
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=gettext_lazy("In UTC. Until then both keys work, so that the shop can change over without a gap."),
    )


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "scope_list", "created_at", "last_used_at", "expires_at", "revoked_at")
    fields = (
        *("name", "prefix", "scope_list", "created_at", "created_by", "last_used_at"),
        *("expires_at", "successor", "revoked_at"),
    )
    readonly_fields = fields
    search_fields = ("name", "prefix")
    list_filter = ("revoked_at",)
    actions_list = ("make",)
    actions_detail = ("rotate", "revoke")

    @admin.display(description=gettext_lazy("may"))
    def scope_list(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description=gettext_lazy("replaced by"))
    def successor(self, key: ApiKey) -> SafeString | str:
        if key.replaced_by is None:
            return "-"
        address = reverse("admin:accounts_apikey_change", args=[key.replaced_by.pk])
        return format_html('<a href="{}">{} ({}…)</a>', address, key.replaced_by, key.replaced_by.prefix)

    # By methods, not by the names of rights: unfold looks those up in the database, which has no tables yet when it is
    # migrated for the first time.
    def has_make_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.add_apikey")

    def has_rotate_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        still = ApiKey.objects.filter(pk=object_id, revoked_at=None, replaced_by=None)
        return request.user.has_perm("accounts.add_apikey") and (request.method == "POST" or still.exists())

    def has_revoke_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        still = ApiKey.objects.filter(pk=object_id, revoked_at=None)
        return request.user.has_perm("accounts.change_apikey") and (request.method == "POST" or still.exists())

    @action(description=gettext_lazy("Make a key"), permissions=["make"])
    def make(self, request: HttpRequest) -> HttpResponse:
        """Ask for a name, make the key, and show its secret this once: on the answer itself, never stored."""
        form = CreateKeyForm(request.POST) if request.method == "POST" else CreateKeyForm()
        if form.is_bound and form.is_valid():
            key, secret = api_keys.create(**form.cleaned_data, now=timezone.now(), by=staff_member(request))
            return self._render_secret(request, key, secret)
        return self._render_form(request, form, _("Make an API key"), reverse("admin:accounts_apikey_changelist"))

    @action(description=gettext_lazy("Rotate"), permissions=["rotate"])
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make the key that replaces this one; both work for a while."""
        key, now = get_object_or_404(ApiKey, pk=object_id), timezone.now()
        asked = request.method == "POST"
        form = RotateForm(request.POST) if asked else RotateForm(initial={"until": now + DEFAULT_OVERLAP})
        if form.is_bound and form.is_valid():
            try:
                new, secret = api_keys.rotate(
                    key=key, until=form.cleaned_data["until"], now=now, by=staff_member(request)
                )
                return self._render_secret(request, new, secret, until=form.cleaned_data["until"])
            except ValidationError as refusal:
                form.add_error(None, refusal)
            except NotAllowed as refusal:
                form.add_error(None, str(refusal))
        back = reverse("admin:accounts_apikey_change", args=[key.pk])
        return self._render_form(request, form, _("Rotate the key %(key)s") % {"key": key}, back)

    @action(description=gettext_lazy("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let nobody sign in with the key any more."""
        key = get_object_or_404(ApiKey, pk=object_id)
        return run_action(
            request,
            self,
            ReasonForm,
            _("Revoke the key %(key)s") % {"key": key},
            lambda answers: api_keys.revoke(
                key=key, reason=answers["reason"], now=timezone.now(), by=staff_member(request)
            ),
            reverse("admin:accounts_apikey_change", args=[key.pk]),
        )

    def _render_form(self, request: HttpRequest, form: forms.Form, title: str, back: str) -> HttpResponse:
        context = self._context(request, title) | {"form": form, "back": back, "confirmed": CONFIRMED}
        return TemplateResponse(request, "admin/confirm.html", context | {"media": self.media + form.media})

    def _render_secret(self, request: HttpRequest, key: ApiKey, secret: str, **more: Any) -> HttpResponse:
        context = self._context(request, _("A new API key")) | {"key": key, "secret": secret} | more
        made = TemplateResponse(request, "admin/api_key_made.html", context)
        made["Cache-Control"] = "no-store"
        return made

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
