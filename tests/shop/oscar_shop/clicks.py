"""From click to order: the click id of the landing page in a cookie, and from there with the order."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from oscar.apps.checkout.signals import post_checkout

NOTE = "Click ID"


def remember_click(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Set the cookie in the response of the landing page itself; the last click wins."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        click_id = request.GET.get(settings.CLICK_PARAMETER, "")
        if click_id:
            age = settings.CLICK_DAYS * 86_400
            response.set_cookie(settings.CLICK_COOKIE, click_id[:200], max_age=age, samesite="Lax")
        return response

    return respond


def connect() -> None:
    post_checkout.connect(_store_click, dispatch_uid="store click")


def _store_click(sender: Any, *, order: Any, request: HttpRequest, **kwargs: Any) -> None:
    """Keep the click as a note of the order, where staff of the shop see it, too."""
    click_id = request.COOKIES.get(settings.CLICK_COOKIE, "")
    if click_id:
        order.notes.create(note_type=NOTE, message=click_id)


def find_click(order: Any) -> str | None:
    """Return the click id of an order."""
    note = order.notes.filter(note_type=NOTE).first()
    return note.message if note else None
