"""An affiliate's reports, as a page and as a file."""

from datetime import date
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates.access import affiliate_view
from affiliates.models import Affiliate
from agreements.periods import get_program_time_zone
from payouts.reporting import page
from payouts.reporting.report_query import ReportForm, ReportQuery, build_query
from payouts.reporting.reports import GroupBy

SPLITS = tuple(by for by in GroupBy if by is not GroupBy.AFFILIATE)


@require_safe
@affiliate_view
def reports(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """What came of the affiliate's links and coupons in the last 30 days, or of what the address asks for."""
    zone = get_program_time_zone()
    form, asked = _read_query(request, affiliate, zone)
    if asked is None:
        return _render_error(request, form)
    shown = page.build_context(request, asked, zone, staff=False)
    return render(request, "payouts/reports.html", {"form": form} | shown)


@require_safe
@affiliate_view
def reports_csv(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """The same report as a CSV file."""
    zone = get_program_time_zone()
    form, asked = _read_query(request, affiliate, zone)
    return page.build_csv_response(asked, zone) if asked else _render_error(request, form)


def _read_query(request: HttpRequest, affiliate: Affiliate, zone: ZoneInfo) -> tuple[ReportForm, ReportQuery | None]:
    today: date = timezone.localdate(timezone=zone)
    form = ReportForm(request.GET.dict(), today=today, splits=SPLITS)
    return form, build_query(form, affiliate)


def _render_error(request: HttpRequest, form: ReportForm) -> HttpResponse:
    """The form with what is wrong with the address."""
    return render(request, "payouts/reports.html", {"form": form}, status=400)
