"""Every error that the API answers: the code, its status, and when (CONTRACT 4). The description of the API lists the same."""

from typing import Any, NamedTuple

from django.http import JsonResponse


class ErrorKind(NamedTuple):
    status: int
    description: str


ERROR_KINDS: dict[str, ErrorKind] = {
    "unreadable": ErrorKind(400, "The body is not JSON in UTF-8, or it is nested too deeply; the message says where."),
    "not_an_array": ErrorKind(400, "The body of a batch is JSON, but no array."),
    "unauthorized": ErrorKind(401, "There is no key, or none that is in force."),
    "scope_missing": ErrorKind(403, "The key was not made for this: it lacks the scope that the message names."),
    "not_found": ErrorKind(404, "There is no such order, or nothing at this address."),
    "method_not_allowed": ErrorKind(405, "The address takes other methods; `Allow` names them."),
    "conflict": ErrorKind(409, "This version of the order is known with other content; the field is `updated_at`."),
    "too_large": ErrorKind(413, "The body has more than 10 MiB."),
    "too_many_rows": ErrorKind(413, "The batch has more than 1,000 rows."),
    "too_many_values": ErrorKind(413, "The body has more values than any batch of orders can have."),
    "unsupported_media_type": ErrorKind(415, "The body is of another media type, or compressed."),
    "rejected": ErrorKind(422, "The snapshot breaks a rule; the field and the cause are named."),
    "too_many_requests": ErrorKind(429, "The key asks too often; `Retry-After` says in how many seconds to ask again."),
    "internal": ErrorKind(500, "A fault of ours; nothing of the request was stored, and it may be sent again."),
    "unavailable": ErrorKind(503, "The database is away; `Retry-After` says in how many seconds to ask again."),
}


class Problem(Exception):
    """An answer that is an error: one of KINDS, a message, the field that it is about, and headers."""

    def __init__(
        self, code: str, message: str, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = ERROR_KINDS[code].status
        self.body: dict[str, Any] = {"error": {"code": code, "message": message, "field": field}}
        self.headers = headers or {}

    def to_response(self) -> JsonResponse:
        return JsonResponse(self.body, status=self.status, headers=self.headers)
