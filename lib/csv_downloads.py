"""CSV files that a browser downloads: with a byte order mark, without which Excel garbles letters with accents.

What commands and exports for banks write has none.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

from django.http import HttpResponse, StreamingHttpResponse

from lib.csv import Cell, build_csv, iter_csv_lines

BYTE_ORDER_MARK = "\ufeff"
CONTENT_TYPE = "text/csv; charset=utf-8"


def build_csv_download(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """Return a response with a whole file."""
    content = BYTE_ORDER_MARK.encode() + build_csv(header, rows)
    return HttpResponse(content, content_type=CONTENT_TYPE, headers=_build_headers(name))


def stream_csv_download(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """Return a response that reads the rows while it is sent, for files of any length."""
    lines = chain([BYTE_ORDER_MARK], iter_csv_lines(header, rows))
    return StreamingHttpResponse(lines, content_type=CONTENT_TYPE, headers=_build_headers(name))


def _build_headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
