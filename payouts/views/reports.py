"""An affiliate's reports, as a page and as a CSV file."""

from datetime import date
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates.access import affiliate_view
from affiliates.downloads import limits_downloads
from affiliates.models import Affiliate
from agreements.periods import get_program_time_zone
from lib.replica import reads_replica
from payouts.closing.statements import list_statements
from payouts.models import Statement
from payouts.reporting import page
from payouts.reporting.report_query import ReportForm, ReportQuery, build_query
from payouts.reporting.reports import GroupBy
from payouts.reporting.spans import Span, get_month_span

GROUPINGS = tuple(by for by in GroupBy if by is not GroupBy.AFFILIATE)


@require_safe
@affiliate_view
@reads_replica
def reports(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show clicks, orders and earnings, by default of the last 30 days."""
    zone = get_program_time_zone()
    form, query = _read_query(request, affiliate, zone)
    if query is None:
        return _render_error(request, form)
    context = page.build_context(request, query, zone, staff=False)
    context["month_statement"] = _find_statement(affiliate, query.days)
    return render(request, "payouts/reports.html", {"form": form} | context)


def _find_statement(affiliate: Affiliate, days: Span) -> Statement | None:
    """Return the affiliate's statement of the month whose days these are, None for other days."""
    if days != get_month_span(days.first):
        return None
    return list_statements(affiliate).filter(close__period=days.first).first()


@require_safe
@affiliate_view
@limits_downloads
@reads_replica
def reports_csv(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Return the same report as a CSV file."""
    zone = get_program_time_zone()
    form, query = _read_query(request, affiliate, zone)
    return page.build_csv_response(query, zone) if query else _render_error(request, form)


def _read_query(request: HttpRequest, affiliate: Affiliate, zone: ZoneInfo) -> tuple[ReportForm, ReportQuery | None]:
    today: date = timezone.localdate(timezone=zone)
    form = ReportForm(request.GET.dict(), today=today, groupings=GROUPINGS)
    return form, build_query(form, affiliate)


def _render_error(request: HttpRequest, form: ReportForm) -> HttpResponse:
    return render(request, "payouts/reports.html", {"form": form}, status=400)
