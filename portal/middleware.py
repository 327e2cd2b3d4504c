"""What every answer goes through: the policies that it carries, and what happens while a store is away."""

import logging
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template import loader
from django.urls import resolve, reverse
from django.utils.translation import activate, override
from django.utils.translation import gettext as _
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from portal import frame

GetResponse = Callable[[HttpRequest], HttpResponseBase]
log = logging.getLogger(__name__)

PERMISSIONS_POLICY = (
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
)
RETRY_AFTER_SECONDS = 5
ORDERS_API_PREFIX = "/api/v1/orders/"


def permissions_policy_middleware(get_response: GetResponse) -> GetResponse:
    """Refuse the browser's devices on every page; under the admin, take the content policy that its scripts run with."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if request.path.startswith("/admin/"):
            own = getattr(response, "_csp_replace", {})  # of a page that needs something else
            response._csp_replace = {**settings.ADMIN_CONTENT_SECURITY_POLICY, **own}  # type: ignore[attr-defined]  # read by django-csp
        return response

    return middleware


def frame_middleware(get_response: GetResponse) -> GetResponse:
    """Keep one frame a request, so that the currency, the versions and the reader's zone are read once at most."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        token = frame.current_frame.set(frame.Frame(request))
        try:
            return get_response(request)
        finally:
            frame.current_frame.reset(token)

    return middleware


def identify_missing_store(error: BaseException | None) -> str:
    """The name of the store whose absence `error` tells of; "" where it tells of something else."""
    if isinstance(error, (OperationalError, InterfaceError)):
        return "PostgreSQL"
    if isinstance(error, (RedisConnectionError, RedisTimeoutError)):
        return "Valkey"
    return ""


def build_unavailable_response(request: HttpRequest, store: str) -> HttpResponse:
    """503 that names the missing store and when to ask again; needs no store itself."""
    text = _("%(store)s is not answering at the moment. Nothing was changed; please try again shortly.") % {
        "store": store
    }
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = JsonResponse({"error": {"code": "unavailable", "message": text, "field": None}}, status=503)
    else:
        page = loader.render_to_string("503.html", {"text": text, "retry_after": RETRY_AFTER_SECONDS})
        response = HttpResponse(page, status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def orders_api_middleware(get_response: GetResponse) -> GetResponse:
    """Answer a shop's orders here: a key signs in for itself, and has no session, language, frame or files."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(ORDERS_API_PREFIX):
            return get_response(request)
        view, args, kwargs = resolve(request.path_info)
        try:
            with override(settings.LANGUAGE_CODE):
                answer: HttpResponseBase = view(request, *args, **kwargs)
        except (OperationalError, InterfaceError, RedisConnectionError, RedisTimeoutError) as error:
            store = identify_missing_store(error)
            log.error("%s is away: %s", store, error)  # noqa: TRY400 -- expected, and no traceback's worth
            return build_unavailable_response(request, store)
        return answer

    return middleware


class StoreUnavailableMiddleware:
    """A request that meets a database or cache that is away ends as a 503 that says which, never as a traceback."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        store = identify_missing_store(exception)
        if not store:
            return None
        log.error("%s is away: %s", store, exception)
        return build_unavailable_response(request, store)


def affiliate_language_middleware(get_response: GetResponse) -> GetResponse:
    """Answer affiliates in the language of their profile, where they chose one; else it stays as the browser asks."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        chosen = frame.get_frame(request).language
        if chosen:
            activate(chosen)
            request.LANGUAGE_CODE = chosen
        return get_response(request)

    return middleware


def staff_mfa_middleware(get_response: GetResponse) -> GetResponse:
    """Where STAFF_MFA_REQUIRED is on, the admin opens only for staff who have set up a second factor."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.STAFF_MFA_REQUIRED and request.path.startswith(reverse("admin:index")):
            user = request.user
            if user.is_authenticated and user.is_staff and not is_mfa_enabled(user):
                messages.warning(request, _("Staff need a second factor. Set one up, then the admin opens."))
                return redirect("mfa_activate_totp")
        return get_response(request)

    return middleware
