"""API keys of the shop, for superusers: created, rotated with an overlap, revoked."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
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
from accounts.models.api_key import list_order_scopes
from accounts.staff import staff_member
from lib.admin.actions import CONFIRMED, ReasonForm, UsualReasonForm
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.pages import build_admin_link, build_changelist_url
from lib.admin.staff_action import StaffAction, StaffPage
from lib.errors import NotAllowed

DEFAULT_OVERLAP = timedelta(days=7)


class CreateKeyForm(UsualReasonForm):
    usual_reason = api_keys.USUAL_REASON
    field_order = ("name", "scopes", "reason")

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("What the key is for, such as “order export”."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"),
        choices=[(scope.value, f"{scope.label} ({scope.value})") for scope in Scope],
        initial=list_order_scopes,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy(
            "If the shop only sends orders, give write access only. Reports contain personal data of all affiliates."
        ),
    )


class RotateForm(forms.Form):
    until = forms.SplitDateTimeField(
        label=gettext_lazy("Old key valid until"),
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=gettext_lazy("In UTC. Until then both keys work, so that the shop can switch without a gap."),
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

    @admin.display(description=gettext_lazy("permissions"))
    def scope_list(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description=gettext_lazy("replaced by"))
    def successor(self, key: ApiKey) -> SafeString | str:
        new = key.replaced_by
        return build_admin_link(new, f"{new} ({new.prefix}…)" if new else None)

    @StaffPage(gettext_lazy("Create key"), permission="accounts.add_apikey")
    def make(self, request: HttpRequest) -> HttpResponse:
        """Ask for a name and permissions, create the key, and show its secret once, in this response only."""
        form = CreateKeyForm(request.POST) if request.method == "POST" else CreateKeyForm()
        if form.is_bound and form.is_valid():
            try:
                key, secret = api_keys.create(**form.cleaned_data, now=timezone.now(), by=staff_member(request))
                return self._render_secret(request, key, secret)
            except ValidationError as error:
                form.add_error(None, error)
        return self._render_form(request, form, _("Create API key"), build_changelist_url(ApiKey))

    @StaffPage(gettext_lazy("Rotate"), permission="accounts.add_apikey", rows=Q(revoked_at=None) & Q(replaced_by=None))
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Create the replacement of a key and show its secret once; both keys work for a while."""
        key, now = get_object_or_404(ApiKey, pk=object_id), timezone.now()
        is_submitted = request.method == "POST"
        form = RotateForm(request.POST) if is_submitted else RotateForm(initial={"until": now + DEFAULT_OVERLAP})
        if form.is_bound and form.is_valid():
            until = form.cleaned_data["until"]
            try:
                new, secret = api_keys.rotate(key=key, until=until, now=now, by=staff_member(request))
                return self._render_secret(request, new, secret, until=until)
            except ValidationError as error:
                form.add_error(None, error)
            except NotAllowed as error:
                form.add_error(None, str(error))
        back = reverse("admin:accounts_apikey_change", args=[key.pk])
        return self._render_form(request, form, _("Rotate the key %(key)s") % {"key": key}, back)

    revoke = StaffAction(
        gettext_lazy("Revoke"),
        permission="accounts.change_apikey",
        variant="danger",
        rows=Q(revoked_at=None),
        form=ReasonForm,
        do=lambda key, answers, now, by: api_keys.revoke(key=key, now=now, by=by, **answers),
        title=lambda key: _("Revoke the key %(key)s") % {"key": key},
        explanation=gettext_lazy("The shop can no longer use the key. This cannot be undone."),
        success=lambda key: _("API key %(key)s revoked.") % {"key": key},
    )

    def _render_form(self, request: HttpRequest, form: forms.Form, title: str, back: str) -> HttpResponse:
        context = self._build_context(request, title) | {"form": form, "back": back, "confirmed": CONFIRMED}
        return TemplateResponse(request, "admin/confirm.html", context | {"media": self.media + form.media})

    def _render_secret(self, request: HttpRequest, key: ApiKey, secret: str, **more: Any) -> HttpResponse:
        context = self._build_context(request, _("New API key")) | {"key": key, "secret": secret} | more
        response = TemplateResponse(request, "admin/api_key_created.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def _build_context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
