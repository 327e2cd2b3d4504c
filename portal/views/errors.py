"""What a request that failed ends with."""

import sys

from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error as stock_server_error

from portal.middleware import missing_store, unavailable


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 where a middleware met a store that is away, which `stores_that_are_away` does not get to see."""
    store = missing_store(sys.exc_info()[1])
    return unavailable(request, store) if store else stock_server_error(request)
