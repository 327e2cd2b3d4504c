"""An affiliate's reports, as a page and as a file."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.csv_out import csv_bytes
from affiliates.access import affiliate_view
from affiliates.models import Affiliate
from tracking import reports as domain
from tracking.forms import ReportForm
from tracking.reports import By, Report
from tracking.tables import ReportTable

CSV_HEADER = ("clicks", "orders", "conversion_percent", "sales")


@require_safe
@affiliate_view
def reports(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Clicks, orders and sales of the last 30 days, or of what the address asks for."""
    here = domain.zone()
    form = _form(request, here)
    return _page(request, form, _found(form, affiliate, here), here)


@require_safe
@affiliate_view
def reports_csv(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """The same report as a CSV file."""
    here = domain.zone()
    form = _form(request, here)
    found = _found(form, affiliate, here)
    if found is None:
        return _page(request, form, None, here)
    rows = ([row.label, row.clicks, row.orders, _percent(row), row.sales] for row in found.rows)
    answer = HttpResponse(csv_bytes([found.by.value, *CSV_HEADER], rows), content_type="text/csv; charset=utf-8")
    name = f"report-{found.by.value}-{form.cleaned_data['since']}-{form.cleaned_data['until']}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _form(request: HttpRequest, here: ZoneInfo) -> ReportForm:
    """The form as asked for; what the address leaves out is the last 30 days, by day."""
    today = timezone.localdate(timezone=here)
    usual = {"by": By.DAY.value, "since": (today - timedelta(days=29)).isoformat(), "until": today.isoformat()}
    return ReportForm(usual | {name: request.GET[name] for name in usual if request.GET.get(name)})


def _found(form: ReportForm, affiliate: Affiliate, here: ZoneInfo) -> Report | None:
    if not form.is_valid():
        return None
    given = form.cleaned_data
    return domain.report(affiliate, by=By(given["by"]), since=given["since"], until=given["until"], here=here)


def _page(request: HttpRequest, form: ReportForm, found: Report | None, here: ZoneInfo) -> HttpResponse:
    page = {"form": form, "report": found, "table": ReportTable(found) if found else None, "zone": here.key}
    return render(request, "tracking/reports.html", page, status=200 if found else 400)


def _percent(row: domain.Row) -> str:
    return "" if row.conversion is None else f"{row.conversion:.2f}"
