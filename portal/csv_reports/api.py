"""Reports by API key: GET /api/v1/reports/{name}.csv, and its part of the OpenAPI document."""

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.models import ApiKey, Scope
from lib.download_places import RETRY_SECONDS, TooManyDownloads
from portal.csv_reports.catalog import REPORTS
from portal.csv_reports.download import download_report
from portal.csv_reports.request import FILTERS, ReportForm, ReportRequest
from shops.api.document import Operation, Response
from shops.api.problems import Problem
from shops.api.views import endpoint

CSV = "text/csv"
PATH = "/api/v1/reports/{name}.csv"
_DAY = {"type": "string", "format": "date"}

OPERATION = Operation(
    "GET",
    PATH,
    "getReport",
    "Download a report",
    "A CSV file with one row per order, commission, click and so on, as of the moment when the download begins. Days "
    "are those of the program's time zone, date-times have an offset, amounts are numbers in the program's currency. "
    "`docs/reports.md` describes the columns. Each download is recorded in the audit trail.",
    Scope.REPORTS_READ,
    {},
    (
        Response(
            200, "The rows, oldest first, in UTF-8 with a byte order mark and a heading.", {"type": "string"}, CSV
        ),
    ),
    ("not_found", "invalid_parameter"),
    (
        {
            "name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": list(REPORTS)},
            "example": "commissions",
            "description": "Which report: " + ", ".join(f"`{name}`" for name in REPORTS) + ".",
        },
        {
            "name": "from", "in": "query", "schema": _DAY,
            "description": "The first day, such as 2026-01-01. Without it, the report begins with the first row.",
        },
        {
            "name": "to", "in": "query", "schema": _DAY,
            "description": "The last day. Without it, the report ends with the last row.",
        },
        {
            "name": "affiliate", "in": "query", "schema": {"type": "string", "maxLength": 32},
            "description": "The code of an affiliate, for the rows of this affiliate alone.",
        },
        {
            "name": "status", "in": "query", "schema": {"type": "string", "maxLength": 20},
            "description": "A status of orders, commissions, affiliates, adjustments or payouts, for those rows alone.",
        },
    ),
)  # fmt: skip


@endpoint(GET=Scope.REPORTS_READ)
def report(request: HttpRequest, key: ApiKey, name: str) -> HttpResponseBase:
    """Stream a report as CSV."""
    if name not in REPORTS:
        raise Problem("not_found", f"There is no such report. There are: {', '.join(REPORTS)}.", "name")
    try:
        return download_report(_read_request(request, name), now=timezone.now(), by=key)
    except TooManyDownloads:
        message = f"Too many reports are being downloaded. Retry in {RETRY_SECONDS} s."
        raise Problem("too_many_requests", message, headers={"Retry-After": str(RETRY_SECONDS)}) from None


def _read_request(request: HttpRequest, name: str) -> ReportRequest:
    for parameter, values in request.GET.lists():
        if parameter not in FILTERS:
            message = f"There is no such parameter. There are: {', '.join(FILTERS)}."
            raise Problem("invalid_parameter", message, parameter)
        if len(values) > 1:
            raise Problem("invalid_parameter", "This parameter occurs more than once.", parameter)
        if not values[0].strip():
            raise Problem("invalid_parameter", "This parameter is empty. Leave it out instead.", parameter)
    form = ReportForm({**request.GET.dict(), "report": name}, reports=REPORTS.values())
    for field, errors in form.errors.items():
        raise Problem("invalid_parameter", str(errors[0]), field)
    return form.build_request()
