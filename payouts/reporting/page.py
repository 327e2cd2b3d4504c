"""A report as a page and as a file: what an affiliate's page and the admin's have in common."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_tables2 import RequestConfig

from agreements.program_currency import program_currency
from lib.csv import csv_bytes
from lib.formatting import money
from payouts.reporting import charting, reports
from payouts.reporting.asking import Question, Show
from payouts.reporting.changes import cards
from payouts.reporting.reports import Report
from payouts.reporting.tables import PER_PAGE, ReportTable, csv_header, csv_row


def context(request: HttpRequest, asked: Question, zone: ZoneInfo, *, staff: bool) -> dict[str, Any]:
    """What the template of a report shows."""
    report, currency = _answer(asked, zone), program_currency()
    table = ReportTable(report, currency, staff=staff)
    RequestConfig(request, paginate={"per_page": PER_PAGE}).configure(table)

    def figure(amount: Decimal) -> str:
        if asked.show in (Show.SALES, Show.COMMISSION):
            return money(amount, currency)
        return f"{amount:,.0f} {asked.show.label}"

    return {
        "report": report,
        "zone": zone.key,
        "any": any(report.total.now),
        "cards": cards(report.total.now, report.total.before, currency),
        "table": table,
        "periods": asked.periods(),
        "chart": charting.drawn(report, asked.show, figure),
        "chart_title": charting.title(report, asked.show),
        "query": asked.query(),
        "saved": f"{settings.BASE_URL}{request.path}?{_as_asked(request, asked)}",
    }


def as_csv(asked: Question, zone: ZoneInfo) -> HttpResponse:
    """The rows of the report as a file."""
    report = _answer(asked, zone)
    answer = HttpResponse(
        csv_bytes(csv_header(report), map(csv_row, report.rows)), content_type="text/csv; charset=utf-8"
    )
    name = f"report-{report.by.value}-{report.span.first}-{report.span.last}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _answer(asked: Question, zone: ZoneInfo) -> Report:
    return reports.report(affiliate=asked.affiliate, by=asked.by, span=asked.days, zone=zone)


def _as_asked(request: HttpRequest, asked: Question) -> str:
    """The question with the order of its rows."""
    sort = request.GET.get("sort", "")
    return asked.query(sort=sort) if sort else asked.query()
