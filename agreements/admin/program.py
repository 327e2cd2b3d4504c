"""The program's settings, a single row."""

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminURLInputWidget

from agreements.models import Program
from audit.admin_bases import AuditedAdmin

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*(:\d{1,5})?")


class ProgramForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    shop_url = forms.URLField(
        label=gettext_lazy("Shop URL"),
        required=False,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
        help_text=gettext_lazy("The destination of tracking links without a destination URL of their own."),
    )

    class Meta:
        model = Program
        fields = ("shop_url", "shop_hosts")
        help_texts = {
            "shop_hosts": gettext_lazy("The only hosts that tracking links may lead to, separated by commas."),
        }

    def clean_shop_hosts(self) -> list[str]:
        hosts = [host.strip().lower() for host in self.cleaned_data["shop_hosts"]]
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise forms.ValidationError(_("%s is not a host name.") % host)
        return sorted(set(hosts))

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        host = urlsplit(answers.get("shop_url") or "").netloc.lower()
        if host and host not in answers.get("shop_hosts", [host]):
            self.add_error("shop_hosts", _("Add the host of the shop URL, %s.") % host)
        return answers


@admin.register(Program)
class ProgramAdmin(AuditedAdmin):
    ordering = ("pk",)
    form = ProgramForm
    fields = ("shop_url", "shop_hosts", "opened_at", "end_announced_at", "ends_at")
    readonly_fields = ("opened_at", "end_announced_at", "ends_at")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:agreements_program_change", args=[Program.current().pk]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Program | None = None) -> bool:
        return False
