"""The webhook addresses of shop connections (specification 11).

Whatever is signed gets 2xx, usable or not: platforms switch a webhook off after a few other answers.
"""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from lib.request_body import BodyTooLarge, BodyTooSlow, Sender, read_body
from shops.connectors import inbox, signature_failures
from shops.connectors.base import Delivery, InvalidSignature
from shops.models import Connection

MAX_BYTES = 16 * 1024 * 1024


@csrf_exempt
def receive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Verify and store an event."""
    if request.method != "POST":
        return _answer(405, "method_not_allowed", "This URL supports POST.", {"Allow": "POST"})
    connection = Connection.objects.exclude(state=Connection.State.DELETED).filter(pk=pk).first()
    if connection is None:
        return _answer(404, "not_found", "There is no shop connection at this URL.")
    try:
        body = read_body(request, MAX_BYTES, Sender.API_KEY, connection.pk)
    except BodyTooLarge:
        return _answer(413, "too_large", "An event has at most 16 MiB.")
    except BodyTooSlow as error:
        return _answer(408, "too_slow", f"The body was not read: {error}.", {"Retry-After": "1"})
    headers = {name.lower(): value for name, value in request.headers.items()}
    now = timezone.now()
    try:
        receipt = inbox.receive(connection=connection, delivery=Delivery(headers, body, now), now=now)
    except InvalidSignature as error:
        signature_failures.note_failure(connection, str(error), now=now)
        return _answer(401, "invalid_signature", str(error))
    return HttpResponse(receipt.answer, content_type="text/plain")


@csrf_exempt
def not_found(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer any other URL below."""
    return _answer(404, "not_found", "There is no shop connection at this URL.")


def _answer(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> HttpResponse:
    error = {"code": code, "message": message, "field": None}
    return JsonResponse({"error": error}, status=status, headers=headers)
