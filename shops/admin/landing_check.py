"""The page on which staff check that a landing page stores click ids, and that the shop's event arrives."""

from collections.abc import Callable
from datetime import datetime

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from agreements.models import AgreementVersion
from shops.landing import self_check
from shops.models import Connection
from tracking.links.own_names import find_link
from tracking.links.tracking_links import build_short_url
from tracking.models import Link

PERMISSION = "shops.view_connection"


class CheckForm(forms.Form):
    link = forms.CharField(
        label=gettext_lazy("Tracking link"),
        help_text=gettext_lazy("A tracking link or its code. The check counts as a click on it."),
        widget=UnfoldAdminTextInputWidget,
        max_length=2000,
    )
    connection = forms.ModelChoiceField(
        Connection.objects.exclude(state=Connection.State.DELETED),
        label=gettext_lazy("Shop connection"),
        help_text=gettext_lazy("To see the events of a test order arrive."),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    since = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    def clean_link(self) -> Link:
        """Return the link with this address, code or name."""
        code = self.cleaned_data["link"].partition("?")[0].rstrip("/").rpartition("/")[2]
        link = find_link(code)
        if link is None:
            raise forms.ValidationError(_("There is no such link."))
        return link


@require_safe
def landing_check(request: HttpRequest) -> HttpResponse:
    _require_permission(request)
    now = timezone.now()
    form = CheckForm(request.GET if "link" in request.GET else None)
    days = _get_attribution_days(now)
    context = admin.site.each_context(request) | {
        "title": _("Landing page check"),
        "form": form,
        "script_tag": self_check.build_script_tag(days),
    }
    if form.is_valid():
        link, connection = form.cleaned_data["link"], form.cleaned_data["connection"]
        findings = self_check.check_landing_page(link, days=days, now=now)
        context |= {
            "link": link,
            "url": build_short_url(link),
            "connection": connection,
            "findings": findings,
            "server_sets_cookie": any(one.is_server_cookie for one in findings),
            "now": now,
        }
    response = TemplateResponse(request, "admin/shops/landing_check.html", context)
    # The shop's page is opened by this one, and reports to it.
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    return response


@require_safe
def landing_check_events(request: HttpRequest) -> HttpResponse:
    """Return the events of a connection since a moment as JSON; none for a malformed query."""
    _require_permission(request)
    form = CheckForm(request.GET)
    events = []
    if form.is_valid() and form.cleaned_data["connection"] and form.cleaned_data["since"]:
        link, since = form.cleaned_data["link"], form.cleaned_data["since"]
        events = self_check.list_events(form.cleaned_data["connection"], link=link, since=since)
    return JsonResponse({"events": events})


def _require_permission(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _get_attribution_days(now: datetime) -> int:
    agreement = AgreementVersion.objects.get_in_force(now)
    return agreement.attribution_days if agreement else self_check.DEFAULT_DAYS


landing_check_page: Callable[..., HttpResponse] = admin.site.admin_view(landing_check)
landing_check_events_page: Callable[..., HttpResponse] = admin.site.admin_view(landing_check_events)
