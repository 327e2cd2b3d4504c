"""The download of a report: audited, streamed, and only a few at a time."""

import threading
import weakref
from collections.abc import Generator, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import router, transaction
from django.http import StreamingHttpResponse

from accounts.models import ApiKey, User
from agreements.periods import get_program_time_zone
from audit import trail
from lib.csv_downloads import stream_csv_response
from lib.row_stream import iter_rows
from portal.csv_reports.request import ReportRequest
from tracking.models import Order

# One thread in that many may send reports, each of which occupies it to the end.
DIVISOR = 4
RETRY_SECONDS = 10


class TooManyDownloads(Exception):
    """As many reports are being sent as this process may send at once."""


class _Places:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    def take(self) -> None:
        """Raises TooManyDownloads."""
        with self._lock:
            if self._taken >= max(1, settings.WEB_THREADS // DIVISOR):
                raise TooManyDownloads
            self._taken += 1

    def give_back(self) -> None:
        with self._lock:
            self._taken -= 1


_places = _Places()


class _Rows:
    """The rows of a report, which hold a place until they are closed or dropped, also if no row was read."""

    def __init__(self, rows: Generator[tuple[Any, ...], None, None]) -> None:
        self._rows = rows
        self._give_back = weakref.finalize(self, _places.give_back)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def close(self) -> None:
        self._rows.close()
        self._give_back()


def download_report(request: ReportRequest, *, now: datetime, by: User | ApiKey) -> StreamingHttpResponse:
    """Record the download in the audit trail and return the file. Raises TooManyDownloads."""
    _places.take()
    try:
        _record_download(request, now, by)
        query, values = request.build_query(get_program_time_zone())
        rows = _Rows(iter_rows(query, values, using=router.db_for_read(Order)))
    except BaseException:
        _places.give_back()
        raise
    return stream_csv_response(request.file_name, request.report.header, rows)


@transaction.atomic
def _record_download(request: ReportRequest, now: datetime, by: User | ApiKey) -> None:
    person = by if isinstance(by, User) else None
    reason = "Downloaded as CSV." if person else f"Downloaded as CSV with the API key {by}."
    trail.record(action="report downloaded", subject=by, now=now, by=person, after=request.describe(), reason=reason)
