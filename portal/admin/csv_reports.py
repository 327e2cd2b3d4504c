"""The page on which staff download reports as CSV files."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.staff import staff_member
from affiliates.admin_fields import AffiliateField
from affiliates.models import Affiliate
from agreements.periods import get_program_time_zone
from lib.download_places import TooManyDownloads
from portal.csv_reports.catalog import Report, iter_permitted
from portal.csv_reports.download import download_report
from portal.csv_reports.request import ReportForm


class StaffReportForm(ReportForm):
    """The same fields as in the API; staff may find the affiliate by name as well."""

    affiliate = AffiliateField(required=False)

    def clean_affiliate(self) -> Affiliate | None:
        """Return the affiliate, whom the field has found."""
        return self.cleaned_data["affiliate"]  # type: ignore[no-any-return]  # the field's value


@require_http_methods(["GET", "HEAD", "POST"])
def download(request: HttpRequest) -> HttpResponseBase:
    """Show the form, or answer it with the file."""
    user = staff_member(request)
    reports = list(iter_permitted(user))
    if not reports:
        raise PermissionDenied
    if request.method != "POST":
        return _render_page(request, StaffReportForm(reports=reports, initial=_suggest_days()), reports)
    form = StaffReportForm(request.POST.dict(), reports=reports)
    if not form.is_valid():
        return _render_page(request, form, reports, status=400)
    try:
        return download_report(form.build_request(), now=timezone.now(), by=user)
    except TooManyDownloads:
        messages.error(request, _("Too many reports are being downloaded. Try again in a minute."))
        return _render_page(request, form, reports, status=429)


def _suggest_days() -> dict[str, str]:
    """Return the first and the last day of the month before."""
    last = timezone.localdate(timezone=get_program_time_zone()).replace(day=1) - timedelta(days=1)
    return {"from": str(last.replace(day=1)), "to": str(last)}


def _render_page(request: HttpRequest, form: ReportForm, reports: list[Report], status: int = 200) -> TemplateResponse:
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": _("CSV reports"),
        "form": form,
        "reports": reports,
        "zone": get_program_time_zone().key,
    }
    return TemplateResponse(request, "admin/portal/csv_reports.html", context, status=status)


download_page: Callable[..., HttpResponseBase] = admin.site.admin_view(download)
