"""The orders API (CONTRACT 4): thin over `payouts.intake`; bodies are read strictly, errors say the field and the cause."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts import api_keys
from accounts.models import ApiKey
from payouts import intake, order_answers, together
from payouts.intake import BATCH, Result
from tracking.ingestion import Outcome
from tracking.strict_json import Unreadable, decode, parse

MOST_BYTES = 10 * 1024 * 1024
JSON = "application/json"
NDJSON = "application/x-ndjson"
STATUS = {Outcome.CREATED: 201, Outcome.CONFLICT: 409, Outcome.REJECTED: 422}

View = Callable[..., HttpResponse]


class Problem(Exception):
    """An answer that is an error: status, code, message and the field it is about."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, "field": field}}


def endpoint(*methods: str) -> Callable[[View], View]:
    """A view for the API: method, key, then the work; every Problem becomes its answer."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                key = _authenticate(request)
                if request.method not in methods:
                    raise Problem(405, "method_not_allowed", f"This address takes {', '.join(methods)}.")
                return view(request, key, *args, **kwargs)
            except Problem as problem:
                response = JsonResponse(problem.body, status=problem.status)
                if problem.status == 401:
                    response["WWW-Authenticate"] = "Bearer"
                if problem.status == 405:
                    response["Allow"] = ", ".join(methods)
                return response

        return answer

    return decorate


@endpoint("PUT", "GET")
def order(request: HttpRequest, key: ApiKey, order_id: str) -> HttpResponse:
    """One order: PUT a snapshot of it, GET what it is, whose and why."""
    if request.method == "GET":
        found = order_answers.describe(order_id)
        if found is None:
            raise Problem(404, "not_found", "There is no order of this id.", "order_id")
        return JsonResponse(found)
    row = _parse(_body(request, JSON))
    if isinstance(row, dict) and isinstance(row.get("order_id"), str) and row["order_id"] != order_id:
        raise Problem(422, "rejected", "must be the order id of the address", "order_id")
    result = together.take(row, source=_source(key), api_key=key, now=timezone.now())
    return _answer(result)


@endpoint("POST")
def batch(request: HttpRequest, key: ApiKey) -> HttpResponse:
    """Up to 1,000 snapshots: a JSON array, or one object a line."""
    body = _body(request, JSON, NDJSON)
    if request.content_type == NDJSON:
        lines = [line for line in body.split(b"\n") if line.strip()]
        rows = [intake.parse_line(line) for line in lines[: BATCH + 1]]
    else:
        rows = _parse(body)
        if not isinstance(rows, list):
            raise Problem(400, "not_an_array", "The body must be a JSON array of snapshots.")
    if len(rows) > BATCH:
        raise Problem(413, "too_many_rows", f"A batch has at most {BATCH:,} rows.")
    results = intake.take(snapshots=rows, source=_source(key), api_key=key, now=timezone.now())
    return JsonResponse([result.public() for result in results], safe=False)


@csrf_exempt
def not_found(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any other address of the API."""
    body = {"error": {"code": "not_found", "message": "There is nothing at this address.", "field": None}}
    return JsonResponse(body, status=404)


def _authenticate(request: HttpRequest) -> ApiKey:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    key = api_keys.find(secret.strip(), timezone.now()) if scheme.lower() == "bearer" else None
    if key is None:
        raise Problem(401, "unauthorized", "Send a valid API key: Authorization: Bearer KEY.", "Authorization")
    return key


def _body(request: HttpRequest, *types: str) -> bytes:
    if request.content_type not in types or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem(415, "unsupported_media_type", f"Send {' or '.join(types)}, not compressed.", "Content-Type")
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return _streamed(request)
    length = request.headers.get("Content-Length", "0")
    if not re.fullmatch(r"\d{1,18}", length, re.ASCII) or int(length) > MOST_BYTES:
        raise Problem(413, "too_large", "A body has at most 10 MiB.", "Content-Length")
    return request.body


def _streamed(request: HttpRequest) -> bytes:
    """A body of unknown length, which Django takes for an empty one: read from the server itself, up to the limit."""
    body: bytes = request.META["wsgi.input"].read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise Problem(413, "too_large", "A body has at most 10 MiB.", "Content-Length")
    return body


def _parse(body: bytes) -> Any:
    try:
        return parse(decode(body))
    except Unreadable as error:
        raise Problem(400, "unreadable", f"The body {error}.") from None


def _source(key: ApiKey) -> str:
    return f"API key {key.name}"


def _answer(result: Result) -> HttpResponse:
    if result.outcome in (Outcome.REJECTED, Outcome.CONFLICT):
        raise Problem(STATUS[Outcome(result.outcome)], result.outcome, result.cause, result.field or None)
    return JsonResponse(result.public(), status=STATUS.get(Outcome(result.outcome), 200))


urlpatterns = [
    path("orders/batch", batch, name="api_batch"),
    path("orders/<str:order_id>", order, name="api_order"),
    path("<path:rest>", not_found),
]
