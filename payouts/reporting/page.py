"""A report as a page and as a CSV file, for affiliates and for the admin."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_tables2 import RequestConfig

from agreements.program_currency import get_program_currency
from lib import csv_downloads
from lib.formatting import format_money
from payouts.reporting import charts, reports
from payouts.reporting.changes import build_cards
from payouts.reporting.definitions import DEFINITIONS
from payouts.reporting.report_query import ChartMeasure, ReportQuery
from payouts.reporting.reports import Report
from payouts.reporting.tables import PER_PAGE, ReportTable, build_csv_header, build_csv_row


def build_context(request: HttpRequest, query: ReportQuery, zone: ZoneInfo, *, staff: bool) -> dict[str, Any]:
    """Return the template context of a report."""
    report, currency = _build_report(query, zone), get_program_currency()
    table = ReportTable(report, staff=staff)
    RequestConfig(request, paginate={"per_page": PER_PAGE}).configure(table)

    def format_value(amount: Decimal) -> str:
        if query.show in (ChartMeasure.SALES, ChartMeasure.COMMISSION):
            return format_money(amount, currency)
        return f"{amount:,.0f} {query.show.label}"

    return {
        "report": report,
        "zone": zone.key,
        "has_data": any(report.total.current),
        "cards": build_cards(report.total.current, report.total.previous, currency),
        "table": table,
        "definitions": DEFINITIONS,
        "periods": query.list_periods(),
        "chart": charts.draw_chart(report, query.show, format_value),
        "chart_title": charts.build_title(report, query.show),
        "query": query.build_query_string(),
        "permalink": f"{settings.BASE_URL}{request.path}?{_build_sorted_query(request, query)}",
    }


def build_csv_response(query: ReportQuery, zone: ZoneInfo) -> HttpResponse:
    """Return the rows of the report as a CSV file."""
    report = _build_report(query, zone)
    rows = (build_csv_row(row, report.by) for row in report.rows)
    name = f"report-{report.by.value}-{report.span.first}-{report.span.last}.csv"
    return csv_downloads.build_csv_response(name, build_csv_header(report), rows)


def _build_report(query: ReportQuery, zone: ZoneInfo) -> Report:
    return reports.build_report(affiliate=query.affiliate, by=query.by, span=query.days, zone=zone)


def _build_sorted_query(request: HttpRequest, query: ReportQuery) -> str:
    """Return the query string with the order of the rows."""
    sort = request.GET.get("sort", "")
    return query.build_query_string(sort=sort) if sort else query.build_query_string()
