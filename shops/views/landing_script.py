"""accord.js inside Django, for servers without `lib.early_responses` ahead of it."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from shops.landing import script


@csrf_exempt
def serve(request: HttpRequest) -> HttpResponse:
    """Return the script."""
    response = script.respond(
        request.path_info,
        request.method or "GET",
        accept_encoding=request.headers.get("Accept-Encoding", ""),
        if_none_match=request.headers.get("If-None-Match", ""),
    )
    return HttpResponse(response.body, status=response.status, reason=response.reason, headers=dict(response.headers))
