"""The handler of unexpected errors."""

import sys

from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error as default_server_error

from portal.middleware import build_unavailable_response, identify_missing_store
from shops.api.problems import Problem


def server_error(request: HttpRequest) -> HttpResponse:
    """Return a 500, as JSON for the API; or a 503 if a store was unavailable within a middleware.

    `StoreUnavailableMiddleware` only sees the errors of views.
    """
    store = identify_missing_store(sys.exc_info()[1])
    if store:
        return build_unavailable_response(request, store)
    if request.path.startswith("/api/"):
        return Problem("internal", "Internal error. Nothing was stored; please send the request again.").to_response()
    return default_server_error(request)
