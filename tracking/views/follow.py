"""`/r/{code}` inside Django, for servers without the redirect ahead of it: same responses, Django's connection."""

import logging

from django.conf import settings
from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tracking.clicks import click_store, link_loader, responses, service
from tracking.clicks.click_store import ClickRow
from tracking.clicks.flood_limit import FloodLimit
from tracking.clicks.redirect import parse_wsgi_request
from tracking.clicks.requests import RedirectRequest
from tracking.clicks.responses import RedirectResponse

log = logging.getLogger(__name__)
_flood_limit = FloodLimit(settings.CLICK_FLOOD_PER_MINUTE)


@csrf_exempt
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Redirect a visit to a tracking link (specification 4)."""
    visit = parse_wsgi_request(request.META, timezone.now())
    response = service.reject_invalid(visit) or _build_response(visit)
    if response.row is not None:
        _record_click(response.row)
    # As ahead of Django, whose own policy would cut the shop's page off from the page that opened the link.
    headers = {**dict(response.headers), "Cross-Origin-Opener-Policy": "unsafe-none"}
    return HttpResponse(response.body, status=response.status, reason=response.reason, headers=headers)


def _build_response(visit: RedirectRequest) -> RedirectResponse:
    try:
        link = link_loader.load_links([visit.code], now=visit.at).get(visit.code)
    except Error:
        return responses.build_unavailable()
    return responses.build_redirect(visit, link, _flood_limit) if link is not None else responses.build_not_found()


def _record_click(row: ClickRow) -> None:
    """Record the click on Django's connection, or else through the writer of the redirect service."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            click_store.insert_rows(cursor, [row])
    except Error as error:
        log.warning("A click could not be recorded on this connection: %s", error)
        service.get_service().writer.record(row)
