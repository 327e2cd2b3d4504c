"""The documentation of the API: an OpenAPI document, and a page built from it."""

import json
from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from accounts.models import Scope
from agreements.program_currency import get_program_currency
from shops.api.document import OPERATIONS, Operation, build_document, is_example_of
from shops.api.examples import Example, build_examples
from shops.api.problems import ERROR_KINDS
from shops.api.schemas import AMOUNT, OUTCOMES
from tracking.models import Reason

WIDTH = 84


@require_safe
def openapi(request: HttpRequest, operations: Sequence[Operation] = OPERATIONS) -> HttpResponse:
    """Return the OpenAPI 3.1 document of `operations`."""
    return JsonResponse(build_document(get_program_currency(), operations), json_dumps_params={"indent": 2})


@require_safe
def reference(request: HttpRequest, operations: Sequence[Operation] = OPERATIONS) -> HttpResponse:
    """Return the documentation as a page: operations, examples, schemas, outcomes, reasons and errors."""
    currency = get_program_currency()
    document = build_document(currency, operations)
    examples = [
        RenderedExample(
            example.name,
            _render_code(example.summary),
            build_curl_command(example),
            example.status,
            _format_json(example.response),
            example,
        )
        for example in build_examples(currency)
    ]
    sections = [
        {
            "operation": operation,
            "description": _render_code(operation.description),
            "responses": [
                (status, _render_code(response["description"]))
                for status, response in document["paths"][operation.path][operation.method.lower()]["responses"].items()
            ],
            "examples": [each for each in examples if is_example_of(each.example, operation)],
            "parameters": [(each["name"], _render_code(each["description"])) for each in operation.parameters],
        }
        for operation in operations
    ]
    context = {
        "introduction": [_render_code(text) for text in document["info"]["description"].split("\n\n")],
        "operations": sections,
        "schemas": [
            (name, schema["description"], list(list_fields(schema)))
            for name, schema in document["components"]["schemas"].items()
        ],
        "outcomes": [(outcome.value, status, _render_code(meaning)) for outcome, (status, meaning) in OUTCOMES.items()],
        "reasons": [(reason.value, reason.label) for reason in Reason],
        "errors": [(code, kind.status, _render_code(kind.description)) for code, kind in ERROR_KINDS.items()],
        "scopes": [(scope.value, scope.label) for scope in Scope],
        "requests_per_minute": settings.API_REQUESTS_PER_MINUTE,
    }
    return render(request, "shops/api.html", context)


class RenderedExample(NamedTuple):
    name: str
    summary: SafeString
    command: str
    status: int
    response: str
    example: Example


class FieldRow(NamedTuple):
    """A field of a schema for a table: its type in words, and the schema it refers to, if any."""

    name: str
    required: bool
    type_text: str
    schema_name: str
    description: SafeString


def build_curl_command(example: Example) -> str:
    """Return the example as a shell command that expects an API key in KEY."""
    method, path = example.operation, f"orders/{example.order_id or 'batch'}"
    lines = [f"curl -X {method} {settings.BASE_URL}/api/v1/{path}", '-H "Authorization: Bearer $KEY"']
    if example.content_type is not None:
        body = example.body if isinstance(example.body, str) else _format_json(example.body)
        lines += [f'-H "Content-Type: {example.content_type}"', f"--data-binary {quote(body)}"]
    return " \\\n  ".join(lines)


def list_fields(schema: dict[str, Any]) -> Iterator[FieldRow]:
    """Yield the fields of a schema in its order; fields of a nested object have dotted names."""
    for name, field in schema["properties"].items():
        if field.get("type") == "object":
            yield from (inner._replace(name=f"{name}.{inner.name}") for inner in list_fields(field))
            continue
        yield FieldRow(
            name,
            name in schema["required"],
            _describe_type(field),
            _get_schema_name(field),
            _render_code(field.get("description", "")),
        )


def _get_schema_name(field: dict[str, Any]) -> str:
    """Return the name of the schema that the field or its items refer to, or ""."""
    for part in (field, field.get("items", {}), *field.get("anyOf", ())):
        if "$ref" in part:
            return str(part["$ref"]).rpartition("/")[2]
    return ""


def _describe_type(field: dict[str, Any]) -> str:
    types = field.get("type", [])
    kinds = [types] if isinstance(types, str) else list(types)
    null = "null" in kinds or {"type": "null"} in field.get("anyOf", ())
    return _describe_non_null_type(field, kinds) + (" or null" if null else "")


def _describe_non_null_type(field: dict[str, Any], kinds: list[str]) -> str:
    if _get_schema_name(field):
        return (
            f"list of {field['minItems']:,} to {field['maxItems']:,}"
            if "minItems" in field
            else "list" * ("array" in kinds)
        )
    if "enum" in field:
        return "one of " + ", ".join(field["enum"]) if len(field["enum"]) > 1 else field["enum"][0]
    if field.get("format") == "date-time":
        return "date-time, such as 2026-01-10T12:00:00Z"
    if "integer" in kinds:
        return f"whole number, {field['minimum']:,} to {field['maximum']:,}"
    if "boolean" in kinds:
        return "true or false"
    if "maxLength" in field:
        return f"text of at most {field['maxLength']} characters"
    return "amount, such as 15.30" if field.get("pattern") == AMOUNT else "text"


def _format_json(value: object, indent: str = "") -> str:
    """Return JSON with lines filled up to `WIDTH`, and longer objects and lists on lines of their own."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, (dict, list)):
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_format_json(item, inner)}" for key, item in value.items()]
    else:
        items = [_format_json(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{_wrap_items(items, inner)}\n{indent}{closing}"


def _wrap_items(items: list[str], indent: str) -> str:
    lines = [indent]
    for number, item in enumerate(items, 1):
        text = item + ("," if number < len(items) else "")
        is_multiline = "\n" in text or "\n" in lines[-1]
        if lines[-1] != indent and (is_multiline or len(lines[-1]) + 1 + len(text) > WIDTH):
            lines.append(indent)
        lines[-1] += text if lines[-1] == indent else f" {text}"
    return "\n".join(lines)


def _render_code(text: str) -> SafeString:
    """Return `text` as HTML, with what is between backticks as code."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if index % 2 else part,) for index, part in parts)
    )
