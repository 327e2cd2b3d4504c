"""A report as a page and as a file: what an affiliate's page and the admin's have in common."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_tables2 import RequestConfig

from agreements.program_currency import get_program_currency
from lib.csv import build_csv
from lib.formatting import format_money
from payouts.reporting import charts, reports
from payouts.reporting.changes import build_cards
from payouts.reporting.report_query import ChartMeasure, ReportQuery
from payouts.reporting.reports import Report
from payouts.reporting.tables import PER_PAGE, ReportTable, build_csv_header, build_csv_row


def build_context(request: HttpRequest, asked: ReportQuery, zone: ZoneInfo, *, staff: bool) -> dict[str, Any]:
    """What the template of a report shows."""
    report, currency = _build_report(asked, zone), get_program_currency()
    table = ReportTable(report, currency, staff=staff)
    RequestConfig(request, paginate={"per_page": PER_PAGE}).configure(table)

    def figure(amount: Decimal) -> str:
        if asked.show in (ChartMeasure.SALES, ChartMeasure.COMMISSION):
            return format_money(amount, currency)
        return f"{amount:,.0f} {asked.show.label}"

    return {
        "report": report,
        "zone": zone.key,
        "has_data": any(report.total.current),
        "cards": build_cards(report.total.current, report.total.previous, currency),
        "table": table,
        "periods": asked.list_periods(),
        "chart": charts.draw_chart(report, asked.show, figure),
        "chart_title": charts.build_title(report, asked.show),
        "query": asked.build_query_string(),
        "permalink": f"{settings.BASE_URL}{request.path}?{_build_sorted_query(request, asked)}",
    }


def build_csv_response(asked: ReportQuery, zone: ZoneInfo) -> HttpResponse:
    """The rows of the report as a file."""
    report = _build_report(asked, zone)
    answer = HttpResponse(
        build_csv(build_csv_header(report), map(build_csv_row, report.rows)), content_type="text/csv; charset=utf-8"
    )
    name = f"report-{report.by.value}-{report.span.first}-{report.span.last}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _build_report(asked: ReportQuery, zone: ZoneInfo) -> Report:
    return reports.build_report(affiliate=asked.affiliate, by=asked.by, span=asked.days, zone=zone)


def _build_sorted_query(request: HttpRequest, asked: ReportQuery) -> str:
    """The question with the order of its rows."""
    sort = request.GET.get("sort", "")
    return asked.build_query_string(sort=sort) if sort else asked.build_query_string()
