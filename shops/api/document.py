"""The description of the API as OpenAPI 3.1, made of the same constants that the API itself goes by, so that none drifts."""

from collections import defaultdict
from typing import Any, NamedTuple

from accounts.models import Scope
from shops.api.bodies import JSON, MAX_BYTES, NDJSON
from shops.api.examples import Example, build_examples
from shops.api.problems import ERROR_KINDS
from shops.api.schemas import build_ref, build_schemas
from shops.intake import BATCH

Document = dict[str, Any]
VERSION = "1"
BATCH_PATH, ORDER_PATH = "/api/v1/orders/batch", "/api/v1/orders/{order_id}"


class Response(NamedTuple):
    status: int
    description: str
    schema: dict[str, Any]


class Operation(NamedTuple):
    """One method of one address: what it is for, the scope that it asks for, what it takes, answers and refuses."""

    method: str
    path: str
    name: str
    summary: str
    description: str
    scope: Scope
    media: dict[str, dict[str, Any]]
    responses: tuple[Response, ...]
    errors: tuple[str, ...]


# What any request may be refused for, whatever it asks.
COMMON_ERRORS = ("unauthorized", "scope_missing", "method_not_allowed", "too_many_requests", "unavailable")
BODY_ERRORS = ("unreadable", "too_large", "too_many_values", "unsupported_media_type")

OPERATIONS = (
    Operation(
        "PUT",
        ORDER_PATH,
        "putOrder",
        "Send one snapshot",
        "An order as it stands now. The newest `updated_at` wins, so repeats, late ones and any order of sending end in "
        "the same state. Every snapshot that is taken is kept.",
        Scope.ORDERS_WRITE,
        {JSON: build_ref("Snapshot")},
        (
            Response(201, "The order's first snapshot (`created`).", build_ref("Result")),
            Response(200, "Taken (`updated`), known (`unchanged`), or older than what is known (`stale`).", build_ref("Result")),
        ),
        (*BODY_ERRORS, "rejected", "conflict", "not_found"),
    ),
    Operation(
        "GET",
        ORDER_PATH,
        "getOrder",
        "Read an order",
        "The order as it stands, whose it is and why, and what each line earns and why, step by step with its clause.",
        Scope.ORDERS_READ,
        {},
        (Response(200, "The order.", build_ref("Order")),),
        ("not_found",),
    ),
    Operation(
        "POST",
        BATCH_PATH,
        "postBatch",
        "Send up to 1,000 snapshots",
        "A JSON array, or one object a line. The answer has one result a row, in the order sent. A row that is refused "
        "refuses only itself: its result says the field and the cause, and staff find it in their rejects inbox.",
        Scope.ORDERS_WRITE,
        {
            JSON: {"type": "array", "items": build_ref("Snapshot"), "maxItems": BATCH},
            NDJSON: {"type": "string", "description": f"One Snapshot a line, at most {BATCH:,} lines."},
        },
        (
            Response(
                200,
                "One result a row, in the order sent.",
                {"type": "array", "items": build_ref("Result"), "maxItems": BATCH},
            ),
        ),
        (*BODY_ERRORS, "not_an_array", "too_many_rows"),
    ),
)  # fmt: skip


def build_document(currency: str) -> Document:
    """The whole description, for a program in `currency`."""
    shown = build_examples(currency)
    paths: dict[str, Document] = defaultdict(dict)
    for operation in OPERATIONS:
        of = [example for example in shown if example.operation == operation.method]
        paths[operation.path][operation.method.lower()] = _build_operation(operation, of)
    paths[ORDER_PATH] = {"parameters": [_build_order_id_parameter(build_schemas(currency))], **paths[ORDER_PATH]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Orders API", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": dict(paths),
        "components": {
            "schemas": build_schemas(currency),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key; staff make them in the admin."}
            },
        },
    }


_DESCRIPTION = (
    "The shop sends snapshots: an order as it stands now. The newest wins, so it may send them as often, as late and in "
    "whatever order it likes.\n\n"
    "Amounts are strings of digits, a point and two digits in the program's currency; moments carry an offset. A body is "
    f"JSON in UTF-8 without a byte order mark, not compressed, of at most {MAX_BYTES // 1024 // 1024} MiB. An unknown key, "
    "a key that stands twice, a NUL and a lone surrogate are refused by their names."
)


def _build_order_id_parameter(forms: dict[str, Any]) -> Document:
    return {
        "name": "order_id",
        "in": "path",
        "required": True,
        "schema": forms["Snapshot"]["properties"]["order_id"],
        "example": "1001",
    }


def _build_operation(operation: Operation, shown: list[Example]) -> Document:
    described: Document = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "security": [{"key": [operation.scope.value]}],
        "responses": _build_responses(operation, shown),
    }
    if operation.media:
        content = {media: _build_request_content(form, shown, media) for media, form in operation.media.items()}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _build_request_content(form: Document, shown: list[Example], media: str) -> Document:
    of = [example for example in shown if example.content_type == media]
    return {"schema": form, "examples": {one.name: {"summary": one.summary, "value": one.body} for one in of}}


def _build_responses(operation: Operation, shown: list[Example]) -> Document:
    refused: dict[int, list[str]] = defaultdict(list)
    for code in (*operation.errors, *COMMON_ERRORS):
        refused[ERROR_KINDS[code].status].append(code)
    responses = {
        str(answer.status): {
            "description": answer.description,
            "content": _build_response_content(answer.schema, answer.status, shown),
        }
        for answer in operation.responses
    }
    for status, codes in sorted(refused.items()):
        said = " ".join(f"`{code}`: {ERROR_KINDS[code].description}" for code in codes)
        responses[str(status)] = {
            "description": said,
            "content": _build_response_content(build_ref("Error"), status, shown),
        }
        if headers := _HEADERS.get(status):
            responses[str(status)]["headers"] = headers
    return responses


def _build_response_content(form: Document, status: int, shown: list[Example]) -> Document:
    of = {one.name: {"summary": one.summary, "value": one.response} for one in shown if one.status == status}
    return {JSON: {"schema": form} | ({"examples": of} if of else {})}


_RETRY_AFTER_HEADER = {
    "Retry-After": {"description": "In how many seconds to ask again.", "schema": {"type": "integer", "minimum": 1}}
}
_HEADERS: dict[int, Document] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`."}},
    405: {"Allow": {"schema": {"type": "string"}, "description": "The methods that the address takes."}},
    429: _RETRY_AFTER_HEADER,
    503: _RETRY_AFTER_HEADER,
}
