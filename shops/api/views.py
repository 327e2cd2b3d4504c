"""The views of the orders API (specification 4); every error is one of `problems.ERROR_KINDS`."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts import api_keys
from accounts.models import ApiKey, Scope
from lib import rate_limits
from shops import intake
from shops.api import bodies, group_commit, order_responses
from shops.api.problems import Problem
from shops.api.schemas import OUTCOMES
from tracking.orders.incoming import IncomingOrder

View = Callable[..., HttpResponseBase]


def endpoint(**methods: Scope) -> Callable[[View], View]:
    """Decorate an API view for the methods named, each with the scope that it requires.

    The view gets the API key, and may raise Problem.
    """
    allowed = ", ".join(methods)

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                key = _authenticate(request)
                scope = methods.get(request.method or "")
                if scope is None:
                    raise Problem("method_not_allowed", f"This URL supports {allowed}.", headers={"Allow": allowed})
                _check_access(key, scope)
            except Problem as problem:
                # Answered without reading the body, so that clients without a key can't occupy threads.
                return problem.to_response()
            try:
                return view(request, key, *args, **kwargs)
            except Problem as problem:
                bodies.drain_body(request, key)
                return problem.to_response()

        return respond

    return decorate


@endpoint(GET=Scope.ORDERS_READ, PUT=Scope.ORDERS_WRITE)
def order(request: HttpRequest, key: ApiKey, order_id: str) -> HttpResponse:
    """PUT a snapshot of an order, or GET the order."""
    return _answer_order(request, key, order_id)


def _answer_order(request: HttpRequest, key: ApiKey, order_id: str) -> HttpResponse:
    if request.method == "GET":
        response = order_responses.build_order_response(order_id)
        if response is None:
            raise Problem("not_found", "There is no order with this id.", "order_id")
        return JsonResponse(response)
    row = bodies.read_value(request, key)
    if isinstance(row, dict) and isinstance(row.get("order_id"), str) and row["order_id"] != order_id:
        row = IncomingOrder(row, address=order_id).refuse("order_id", "must be the order id in the URL")
    return _build_response(group_commit.ingest_order(row, source=_build_source(key), api_key=key, now=timezone.now()))


@endpoint(GET=Scope.ORDERS_READ, PUT=Scope.ORDERS_WRITE, POST=Scope.ORDERS_WRITE)
def batch(request: HttpRequest, key: ApiKey) -> HttpResponse:
    """POST up to 1,000 snapshots, as a JSON array or one object per line; GET or PUT an order whose id is batch."""
    if request.method != "POST":
        return _answer_order(request, key, "batch")
    rows = bodies.read_rows(request, key)
    results = intake.ingest_orders(snapshots=rows, source=_build_source(key), api_key=key, now=timezone.now())
    return JsonResponse([result.to_public_dict() for result in results], safe=False)


@csrf_exempt
def not_found(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer any other URL of the API."""
    return Problem("not_found", "There is nothing at this URL.").to_response()


def _authenticate(request: HttpRequest) -> ApiKey:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    key = api_keys.find(secret.strip(), timezone.now()) if scheme.lower() == "bearer" else None
    if key is None:
        message = "Send a valid API key: Authorization: Bearer KEY."
        raise Problem("unauthorized", message, "Authorization", {"WWW-Authenticate": "Bearer"})
    return key


def _check_access(key: ApiKey, scope: Scope) -> None:
    wait = rate_limits.count_request(key=key, now=timezone.now())
    if wait:
        message = f"This key has reached its rate limit. Retry in {wait} s."
        raise Problem("too_many_requests", message, headers={"Retry-After": str(wait)})
    if not api_keys.has_scope(key, scope):
        raise Problem("scope_missing", f"This key lacks the scope {scope.value}.", "Authorization")


def _build_source(key: ApiKey) -> str:
    return f"API key {key.name}"


def _build_response(result: IncomingOrder) -> HttpResponse:
    if result.is_refused:
        raise Problem(result.outcome, result.cause, result.field or None)
    status, _meaning = OUTCOMES[result.outcome]
    # The same text as that of JsonResponse, whose encoder takes several times as long.
    return HttpResponse(json.dumps(result.to_public_dict()), status=status, content_type="application/json")
