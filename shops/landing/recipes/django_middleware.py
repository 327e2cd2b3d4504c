"""Django: store the click id of a tracking link in a cookie that the server sets.

Add `ClickIdMiddleware` to MIDDLEWARE, and send `read_click_id(request)` with the order, as its `click_id`.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

CLICK_ID = re.compile(r"[A-Za-z0-9_-]{76}", re.ASCII)
COOKIE = "accord_click_id"
DAYS = 3  # the attribution window of the agreement


class ClickIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        click_id = request.GET.get("click_id", "")
        if CLICK_ID.fullmatch(click_id) and has_consent(request):
            age = DAYS * 24 * 60 * 60
            response.set_cookie(COOKIE, click_id, max_age=age, secure=request.is_secure(), samesite="Lax")
            # No cache may give this visitor's cookie to others.
            patch_cache_control(response, private=True, no_store=True)
        return response


def read_click_id(request: HttpRequest) -> str | None:
    """Return the visitor's click id, or None."""
    click_id = request.COOKIES.get(COOKIE, "")
    return click_id if CLICK_ID.fullmatch(click_id) else None


def has_consent(request: HttpRequest) -> bool:
    """Ask your consent management here: the cookie is not strictly necessary for the shop."""
    return True
