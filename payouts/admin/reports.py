"""Reports for staff, of all affiliates or of one."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from affiliates.admin_fields import AffiliateField
from agreements.periods import get_program_time_zone
from lib.replica import reads_replica
from payouts.reporting import page
from payouts.reporting.report_query import ReportForm, ReportQuery, build_query
from payouts.reporting.reports import GroupBy


class StaffReportForm(ReportForm):
    """A report of one affiliate, or of all if none is named."""

    affiliate = AffiliateField(required=False)
    field_order = ("affiliate", "since", "until", "by", "show")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("since", "until"):
            self.fields[name].widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
        for name in ("by", "show"):
            field = self.fields[name]
            field.widget = UnfoldAdminSelectWidget(choices=field.widget.choices)


@require_safe
@reads_replica
def reports(request: HttpRequest) -> HttpResponse:
    """Show clicks, orders and earnings of all affiliates or of one."""
    form, query = _read_query(request)
    context = page.build_context(request, query, get_program_time_zone(), staff=True) if query else {}
    return _render_page(request, form, context)


@require_safe
@reads_replica
def reports_csv(request: HttpRequest) -> HttpResponse:
    """Return the same report as a CSV file."""
    form, query = _read_query(request)
    return page.build_csv_response(query, get_program_time_zone()) if query else _render_page(request, form, {})


def _read_query(request: HttpRequest) -> tuple[ReportForm, ReportQuery | None]:
    if not request.user.has_perm("tracking.view_reports"):
        raise PermissionDenied
    today = timezone.localdate(timezone=get_program_time_zone())
    form = StaffReportForm(request.GET.dict(), today=today, groupings=tuple(GroupBy))
    if not form.is_valid():
        return form, None
    affiliate = form.cleaned_data["affiliate"]
    return form, build_query(form, affiliate, (("affiliate", affiliate.code),) if affiliate else ())


def _render_page(request: HttpRequest, form: ReportForm, report: dict[str, Any]) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": _("Reports"), "form": form, **report}
    return TemplateResponse(request, "admin/payouts/reports.html", context, status=200 if report else 400)


reports_page: Callable[..., HttpResponse] = admin.site.admin_view(reports)
reports_csv_page: Callable[..., HttpResponse] = admin.site.admin_view(reports_csv)
