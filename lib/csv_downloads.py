"""CSV files that a browser downloads."""

import logging
from collections.abc import Iterable, Iterator, Sequence

from django.http import HttpResponse, StreamingHttpResponse

from lib.csv import Cell, iter_csv_lines

log = logging.getLogger(__name__)
# Without it Excel reads UTF-8 as an older encoding and garbles accents.
BYTE_ORDER_MARK = "\ufeff"
# A piece of a streamed file has about as many characters. A piece for each row would take the server three times as long.
PIECE_LENGTH = 64 * 1024
# The last line of a file whose rows could not be read to the end.
INCOMPLETE = "ERROR: This file is incomplete. Download it again."
_MEDIA_TYPE = "text/csv; charset=utf-8"


def build_csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """Return a download of the file `name`, for rows that must be read before the response is sent."""
    content = BYTE_ORDER_MARK + "".join(iter_csv_lines(header, rows))
    return HttpResponse(content, content_type=_MEDIA_TYPE, headers=_build_headers(name))


def stream_csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """Return a download of the file `name` whose rows are read while it is sent, and closed with the response."""
    pieces = _Pieces(header, rows)
    return StreamingHttpResponse(pieces, content_type=_MEDIA_TYPE, headers=_build_headers(name))


class _Pieces:
    """The file in pieces. The heading comes first, so that the browser knows at once that a download begins."""

    def __init__(self, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        self._header, self._rows = header, rows

    def __iter__(self) -> Iterator[str]:
        try:
            yield from self._iter_pieces()
        except Exception:
            # The server would end the response as if it were whole.
            log.exception("A CSV download broke off")
            yield f"\r\n{INCOMPLETE}\r\n"

    def _iter_pieces(self) -> Iterator[str]:
        yield BYTE_ORDER_MARK + "".join(iter_csv_lines(self._header, ()))
        piece: list[str] = []
        length = 0
        for line in iter_csv_lines(None, self._rows):
            piece.append(line)
            length += len(line)
            if length >= PIECE_LENGTH:
                yield "".join(piece)
                piece, length = [], 0
        if piece:
            yield "".join(piece)

    def close(self) -> None:
        if close := getattr(self._rows, "close", None):
            close()


def _build_headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
