"""The API as an OpenAPI 3.1 document, built from the constants that the API itself uses, so that the two agree."""

from collections import defaultdict
from collections.abc import Iterable
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
    media: str = JSON


class Operation(NamedTuple):
    """One method of one path: its purpose, the scope it requires, its bodies, responses, errors and parameters."""

    method: str
    path: str
    name: str
    summary: str
    description: str
    scope: Scope
    media: dict[str, dict[str, Any]]
    responses: tuple[Response, ...]
    errors: tuple[str, ...]
    parameters: tuple[dict[str, Any], ...] = ()


# Errors that every operation can return.
COMMON_ERRORS = ("unauthorized", "scope_missing", "method_not_allowed", "too_many_requests", "unavailable")
BODY_ERRORS = ("unreadable", "too_slow", "too_large", "too_many_values", "unsupported_media_type")

OPERATIONS = (
    Operation(
        "PUT",
        ORDER_PATH,
        "putOrder",
        "Send one snapshot",
        "The current state of an order. The newest `updated_at` wins, so repeated, late and reordered snapshots end in "
        "the same state. Every accepted snapshot is stored.",
        Scope.ORDERS_WRITE,
        {JSON: build_ref("Snapshot")},
        (
            Response(201, "The first snapshot of the order (`created`).", build_ref("Result")),
            Response(
                200,
                "Newer than the known snapshots (`updated`), already known (`unchanged`) or older (`stale`).",
                build_ref("Result"),
            ),
        ),
        (*BODY_ERRORS, "rejected", "conflict", "not_found"),
    ),
    Operation(
        "GET",
        ORDER_PATH,
        "getOrder",
        "Read an order",
        "The order, the affiliate it is credited to and why, and the commission of each line with its calculation.",
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
        "A JSON array, or one object per line. The response has one result per row, in the order sent. An invalid row "
        "rejects only itself: its result names the field and the cause, and the row goes to the staff's rejects inbox.",
        Scope.ORDERS_WRITE,
        {
            JSON: {"type": "array", "items": build_ref("Snapshot"), "maxItems": BATCH},
            NDJSON: {"type": "string", "description": f"One Snapshot per line, at most {BATCH:,} lines."},
        },
        (
            Response(
                200,
                "One result per row, in the order sent.",
                {"type": "array", "items": build_ref("Result"), "maxItems": BATCH},
            ),
        ),
        (*BODY_ERRORS, "not_an_array", "too_many_rows"),
    ),
)  # fmt: skip


def build_document(currency: str, operations: Iterable[Operation] = OPERATIONS) -> Document:
    """Return the OpenAPI document of `operations` for a program in `currency`."""
    examples = build_examples(currency)
    paths: dict[str, Document] = defaultdict(dict)
    for operation in operations:
        own_examples = [example for example in examples if is_example_of(example, operation)]
        paths[operation.path][operation.method.lower()] = _build_operation(operation, own_examples)
    paths[ORDER_PATH] = {"parameters": [_build_order_id_parameter(build_schemas(currency))], **paths[ORDER_PATH]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Accord API", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": dict(paths),
        "components": {
            "schemas": build_schemas(currency),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key, created by staff in the admin."}
            },
        },
    }


def is_example_of(example: Example, operation: Operation) -> bool:
    """Return whether `example` is a request of `operation`."""
    path = ORDER_PATH if example.order_id else BATCH_PATH
    return (example.operation, path) == (operation.method, operation.path)


_DESCRIPTION = (
    "The shop sends snapshots, each the current state of an order. The newest wins, so snapshots may be repeated, late "
    "or out of order.\n\n"
    "Amounts are strings with two decimals, such as 15.30, in the program's currency; date-times have a time zone. A "
    "body is JSON in UTF-8, not compressed, of at most "
    f"{MAX_BYTES // 1024 // 1024} MiB. Unknown keys, duplicate keys, NUL characters and lone surrogates are rejected, "
    "and the error names the field."
)


def _build_order_id_parameter(schemas: dict[str, Any]) -> Document:
    return {
        "name": "order_id",
        "in": "path",
        "required": True,
        "schema": schemas["Snapshot"]["properties"]["order_id"],
        "example": "1001",
    }


def _build_operation(operation: Operation, examples: list[Example]) -> Document:
    document: Document = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "security": [{"key": [operation.scope.value]}],
        "responses": _build_responses(operation, examples),
    }
    if operation.parameters:
        document["parameters"] = list(operation.parameters)
    if operation.media:
        content = {media: _build_request_content(schema, examples, media) for media, schema in operation.media.items()}
        document["requestBody"] = {"required": True, "content": content}
    return document


def _build_request_content(schema: Document, examples: list[Example], media: str) -> Document:
    bodies = {
        each.name: {"summary": each.summary, "value": each.body} for each in examples if each.content_type == media
    }
    return {"schema": schema, "examples": bodies}


def _build_responses(operation: Operation, examples: list[Example]) -> Document:
    errors: dict[int, list[str]] = defaultdict(list)
    for code in (*operation.errors, *COMMON_ERRORS):
        errors[ERROR_KINDS[code].status].append(code)
    responses = {
        str(response.status): {
            "description": response.description,
            "content": _build_response_content(response.schema, response.status, examples, response.media),
        }
        for response in operation.responses
    }
    for status, codes in sorted(errors.items()):
        description = " ".join(f"`{code}`: {ERROR_KINDS[code].description}" for code in codes)
        responses[str(status)] = {
            "description": description,
            "content": _build_response_content(build_ref("Error"), status, examples),
        }
        if headers := _HEADERS.get(status):
            responses[str(status)]["headers"] = headers
    return responses


def _build_response_content(schema: Document, status: int, examples: list[Example], media: str = JSON) -> Document:
    bodies = {
        each.name: {"summary": each.summary, "value": each.response} for each in examples if each.status == status
    }
    return {media: {"schema": schema} | ({"examples": bodies} if bodies else {})}


_RETRY_AFTER_HEADER = {
    "Retry-After": {
        "description": "The number of seconds to wait before the next request.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_HEADERS: dict[int, Document] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`."}},
    405: {"Allow": {"schema": {"type": "string"}, "description": "The methods that this path supports."}},
    429: _RETRY_AFTER_HEADER,
    503: _RETRY_AFTER_HEADER,
}
