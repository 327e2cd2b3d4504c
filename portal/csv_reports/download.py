"""The download of a report: audited, streamed, and only a few at a time."""

from datetime import datetime

from django.db import router, transaction
from django.http import StreamingHttpResponse

from accounts.models import ApiKey, User
from agreements.periods import get_program_time_zone
from audit import trail
from lib.csv_downloads import stream_csv_response
from lib.download_places import DownloadPlaces, HeldRows
from lib.row_stream import iter_rows
from portal.csv_reports.request import ReportRequest
from tracking.models import Order

_places = DownloadPlaces()


def download_report(request: ReportRequest, *, now: datetime, by: User | ApiKey) -> StreamingHttpResponse:
    """Record the download in the audit trail and return the file. Raises TooManyDownloads."""
    give_back = _places.take()
    try:
        _record_download(request, now, by)
        query, values = request.build_query(get_program_time_zone())
        rows = HeldRows(iter_rows(query, values, using=router.db_for_read(Order)), give_back)
    except BaseException:
        give_back()
        raise
    return stream_csv_response(request.file_name, request.report.header, rows)


@transaction.atomic
def _record_download(request: ReportRequest, now: datetime, by: User | ApiKey) -> None:
    person = by if isinstance(by, User) else None
    reason = "Downloaded as CSV." if person else f"Downloaded as CSV with the API key {by}."
    trail.record(action="report downloaded", subject=by, now=now, by=person, after=request.describe(), reason=reason)
