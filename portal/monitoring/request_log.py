"""The access log: one line for each request that Django answers, with an id that every other line has too; and metrics.

Visits of tracking links are not logged: each is a row of the table of clicks.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun
from django.http import HttpRequest, HttpResponseBase
from django.urls import ResolverMatch
from prometheus_client import Histogram

from lib.celery_signals import connect
from lib.client_address import get_client_address
from lib.request_id import HEADER, get_request_id, use_request_id
from tracking.clicks.requests import truncate_address

GetResponse = Callable[[HttpRequest], HttpResponseBase]
# Parameters that make an address a secret.
SECRET_PARAMETERS = {"token", "key", "uidb36"}
MAX_PATH = 300
NO_ROUTE = "unknown"

log = logging.getLogger("accord.access")
REQUESTS = Histogram(
    "accord_request_seconds",
    "Seconds until the answer to a request, by route",
    ["route", "method", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def middleware(get_response: GetResponse) -> GetResponse:
    """Give each request an id, and log its answer."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        with use_request_id(request.headers.get(HEADER, "")) as request_id:
            response = get_response(request)
            response.headers[HEADER] = request_id
            _record_response(request, response, time.perf_counter() - started)
        return response

    return respond


def get_route(request: HttpRequest) -> str:
    """Return the pattern of the address, such as `orders/<uuid:pk>/`; "unknown" if none matches."""
    match: ResolverMatch | None = request.resolver_match
    return NO_ROUTE if match is None else f"/{match.route}"


def get_loggable_path(request: HttpRequest) -> str:
    """Return the path without its query; the route in its place if the path contains a secret."""
    match: ResolverMatch | None = request.resolver_match
    if match is not None and not SECRET_PARAMETERS.isdisjoint(match.kwargs):
        return get_route(request)
    return request.path[:MAX_PATH]


def _record_response(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(get_route(request), method, response.status_code).observe(seconds)
    if not log.isEnabledFor(logging.INFO):
        return
    path, milliseconds = get_loggable_path(request), round(seconds * 1000, 1)
    fields: dict[str, Any] = {
        "method": request.method,
        "path": path,
        "route": get_route(request),
        "status": response.status_code,
        "milliseconds": milliseconds,
        "network": truncate_address(get_client_address(request)),
    }
    log.info("%s %s %s in %s ms", request.method, path, response.status_code, milliseconds, extra=fields)


# A task has the id of the request that queued it; those that beat queues have their own.
_running: dict[str, Any] = {}


@connect(before_task_publish)
def _send_request_id(headers: dict[str, Any], **_kwargs: Any) -> None:
    headers["request_id"] = get_request_id() or headers.get("id", "")


@connect(task_prerun)
def _begin_task(task_id: str, task: Any, **_kwargs: Any) -> None:
    request = task.request
    given = request.get("request_id") or (request.headers or {}).get("request_id")
    _running[task_id] = use_request_id(given or task_id)
    _running[task_id].__enter__()


@connect(task_postrun)
def _end_task(task_id: str, **_kwargs: Any) -> None:
    if (context := _running.pop(task_id, None)) is not None:
        context.__exit__(None, None, None)
