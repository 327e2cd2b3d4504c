"""CSV files that a browser downloads."""

from collections.abc import Iterable, Sequence
from itertools import chain

from django.http import HttpResponse, StreamingHttpResponse

from lib.csv import Cell, iter_csv_lines

# Without it Excel reads UTF-8 as an older encoding and garbles accents.
BYTE_ORDER_MARK = "\ufeff"
_MEDIA_TYPE = "text/csv; charset=utf-8"


def build_csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """Return a download of the file `name`, for rows that must be read before the response is sent."""
    content = BYTE_ORDER_MARK + "".join(iter_csv_lines(header, rows))
    return HttpResponse(content, content_type=_MEDIA_TYPE, headers=_build_headers(name))


def stream_csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """Return a download of the file `name` whose rows are read while it is sent."""
    lines = chain((BYTE_ORDER_MARK,), iter_csv_lines(header, rows))
    return StreamingHttpResponse(lines, content_type=_MEDIA_TYPE, headers=_build_headers(name))


def _build_headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
