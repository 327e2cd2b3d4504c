"""`/r/{code}` inside Django, for whatever is not served ahead of it: the same answers, recorded on Django's connection."""

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tracking import recording
from tracking.redirect import visit_of_wsgi
from tracking.redirecting import answers, known_links, service
from tracking.redirecting.answers import Answer
from tracking.redirecting.floods import Floods
from tracking.redirecting.visits import Visit

_floods = Floods(settings.CLICK_FLOOD_PER_MINUTE)


@csrf_exempt
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Redirect a visit to a tracking link (CONTRACT 4)."""
    visit = visit_of_wsgi(request.META, timezone.now())
    answer = service.refused(visit) or _answer(visit)
    if answer.row is not None:
        with connection.cursor() as cursor:
            recording.write(cursor, [answer.row])
    return HttpResponse(answer.body, status=answer.status, reason=answer.reason, headers=dict(answer.headers))


def _answer(visit: Visit) -> Answer:
    try:
        link = known_links.load([visit.code], now=visit.at).get(visit.code)
    except Error:
        return answers.away()
    return answers.redirect(visit, link, _floods) if link is not None else answers.unknown()
