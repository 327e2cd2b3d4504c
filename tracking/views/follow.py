"""`/r/{code}` inside Django, for whatever is not served ahead of it: the same answers, recorded on Django's connection."""

import logging

from django.conf import settings
from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tracking.clicks import click_store, link_loader, responses, service
from tracking.clicks.click_store import Row
from tracking.clicks.flood_limit import Floods
from tracking.clicks.redirect import visit_of_wsgi
from tracking.clicks.requests import Visit
from tracking.clicks.responses import Answer

log = logging.getLogger(__name__)
_floods = Floods(settings.CLICK_FLOOD_PER_MINUTE)


@csrf_exempt
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Redirect a visit to a tracking link (CONTRACT 4)."""
    visit = visit_of_wsgi(request.META, timezone.now())
    answer = service.refused(visit) or _answer(visit)
    if answer.row is not None:
        _record(answer.row)
    return HttpResponse(answer.body, status=answer.status, reason=answer.reason, headers=dict(answer.headers))


def _answer(visit: Visit) -> Answer:
    try:
        link = link_loader.load([visit.code], now=visit.at).get(visit.code)
    except Error:
        return responses.away()
    return responses.redirect(visit, link, _floods) if link is not None else responses.unknown()


def _record(row: Row) -> None:
    """Record the click; where Django's connection can't, the thread of the served redirect does when it can."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            click_store.write(cursor, [row])
    except Error as error:
        log.warning("a click could not be recorded on this connection: %s", error)
        service.of_this_process().writer.record(row)
