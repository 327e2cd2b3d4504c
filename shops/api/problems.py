"""Every error of the API: its code, status and meaning, which the documentation lists too (specification 4)."""

from typing import Any, NamedTuple

from django.http import JsonResponse


class ErrorKind(NamedTuple):
    status: int
    description: str


ERROR_KINDS: dict[str, ErrorKind] = {
    "unreadable": ErrorKind(400, "The body is not JSON in UTF-8, or is nested too deeply; the message says where."),
    "not_an_array": ErrorKind(400, "The body of a batch is JSON but not an array."),
    "unauthorized": ErrorKind(401, "The request has no API key, or the key is unknown, expired or revoked."),
    "scope_missing": ErrorKind(403, "The key lacks the scope that the message names."),
    "not_found": ErrorKind(404, "There is no such order, report or URL."),
    "method_not_allowed": ErrorKind(405, "The URL does not support this method; `Allow` lists those it supports."),
    "too_slow": ErrorKind(408, "The body arrives too slowly, or too many others are waited for; retry."),
    "conflict": ErrorKind(409, "A snapshot with this `updated_at` is known with different content."),
    "too_large": ErrorKind(413, "The body has more than 10 MiB."),
    "too_many_rows": ErrorKind(413, "The batch has more than 1,000 rows."),
    "too_many_values": ErrorKind(413, "The body has more than 1,000,000 JSON values."),
    "unsupported_media_type": ErrorKind(415, "The body has another media type, or is compressed."),
    "rejected": ErrorKind(422, "The snapshot is invalid; the error names the field and the cause."),
    "invalid_parameter": ErrorKind(422, "A parameter of the URL is unknown or invalid; the error names it."),
    "too_many_requests": ErrorKind(
        429, "The key has reached its rate limit; retry after the seconds in `Retry-After`."
    ),
    "internal": ErrorKind(500, "A server error; nothing of the request was stored, and it can be sent again."),
    "unavailable": ErrorKind(503, "The database is unavailable; retry after the seconds in `Retry-After`."),
}


class Problem(Exception):
    """An error response: a code of `ERROR_KINDS`, a message, the field it is about, and headers."""

    def __init__(
        self, code: str, message: str, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = ERROR_KINDS[code].status
        self.body: dict[str, Any] = {"error": {"code": code, "message": message, "field": field}}
        self.headers = headers or {}

    def to_response(self) -> JsonResponse:
        return JsonResponse(self.body, status=self.status, headers=self.headers)
