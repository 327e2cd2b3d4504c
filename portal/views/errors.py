"""What a request that failed ends with."""

import sys

from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error as stock_server_error

from portal.middleware import build_unavailable_response, identify_missing_store
from shops.api.problems import Problem


def server_error(request: HttpRequest) -> HttpResponse:
    """500, which programs get in the form of every error of the API; or 503 where a middleware met a store that is away,
    which `StoreUnavailableMiddleware` does not get to see."""
    store = identify_missing_store(sys.exc_info()[1])
    if store:
        return build_unavailable_response(request, store)
    if request.path.startswith("/api/"):
        return Problem("internal", "This is a fault of ours. Nothing was stored; please send it again.").to_response()
    return stock_server_error(request)
