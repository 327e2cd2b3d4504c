"""Middleware: security policies, the page frame, languages, two-step verification, and unavailable stores.

Also the handler of unexpected errors.
"""

import logging
import sys
from collections.abc import Callable
from contextlib import nullcontext

from django.conf import settings
from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template import loader
from django.urls import resolve, reverse
from django.utils.translation import activate, override
from django.utils.translation import gettext as _
from django.views.defaults import server_error as default_server_error
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from accounts.authentication import has_second_factor, is_session_verified, redirect_to_reauthentication
from lib.request_values import share_values
from payouts.payout_details.encryption import UnreadableError
from portal import frame
from shops.api.problems import Problem

GetResponse = Callable[[HttpRequest], HttpResponseBase]
log = logging.getLogger(__name__)

PERMISSIONS_POLICY = (
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
)
RETRY_AFTER_SECONDS = 5
# Requests that do not change what a page reads once.
SAFE_METHODS = ("GET", "HEAD")
# Requests of programs and of other sites, not of people on our pages.
MACHINE_PREFIXES = ("/api/v1/orders/", "/api/v1/reports/", "/hooks/", "/creatives/images/")


def permissions_policy_middleware(get_response: GetResponse) -> GetResponse:
    """Deny access to devices on every page, and give the admin the content policy that its scripts need."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if request.path.startswith("/admin/"):
            # django-csp reads this attribute; a view may have set its own already.
            own = getattr(response, "_csp_replace", {})
            vars(response)["_csp_replace"] = {**settings.ADMIN_CONTENT_SECURITY_POLICY, **own}
        return response

    return middleware


def frame_middleware(get_response: GetResponse) -> GetResponse:
    """Keep one frame for each request, and read the versions, the currency and the time zone once for a page."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        token = frame.current_frame.set(frame.Frame(request))
        try:
            with share_values() if request.method in SAFE_METHODS else nullcontext():
                return get_response(request)
        finally:
            frame.current_frame.reset(token)

    return middleware


def identify_missing_store(error: BaseException | None) -> str:
    """Return the name of the store that `error` says is unavailable; "" for any other error."""
    if isinstance(error, (OperationalError, InterfaceError)):
        return "PostgreSQL"
    if isinstance(error, (RedisConnectionError, RedisTimeoutError)):
        return "Valkey"
    return ""


def build_unavailable_response(request: HttpRequest, store: str) -> HttpResponse:
    """Return a 503 that names the store and when to retry; needs no store itself."""
    text = _("%(store)s is not available at the moment. Nothing was changed. Please try again in a few seconds.") % {
        "store": store
    }
    return build_error_response(request, text)


def build_error_response(request: HttpRequest, text: str) -> HttpResponse:
    """Return a 503 with this text and when to retry."""
    response: HttpResponse
    if request.path.startswith(("/api/", "/hooks/")):
        response = JsonResponse({"error": {"code": "unavailable", "message": text, "field": None}}, status=503)
    else:
        page = loader.render_to_string("503.html", {"text": text, "retry_after": RETRY_AFTER_SECONDS})
        response = HttpResponse(page, status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def machine_requests_middleware(get_response: GetResponse) -> GetResponse:
    """Answer the API, webhooks and banners without the middleware that follows: no session, language or frame."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(MACHINE_PREFIXES):
            return get_response(request)
        request.resolver_match = resolve(request.path_info)
        view, args, kwargs = request.resolver_match
        try:
            with override(settings.LANGUAGE_CODE):
                response: HttpResponseBase = view(request, *args, **kwargs)
        except (OperationalError, InterfaceError, RedisConnectionError, RedisTimeoutError) as error:
            store = identify_missing_store(error)
            log.error("%s is unavailable: %s", store, error)  # noqa: TRY400 -- a traceback would not help
            return build_unavailable_response(request, store)
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return middleware


class StoreUnavailableMiddleware:
    """Turns the error of an unavailable database or cache into a 503 that names it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, UnreadableError):
            log.error("%s", exception)
            return build_error_response(request, str(exception))
        store = identify_missing_store(exception)
        if not store:
            return None
        log.error("%s is unavailable: %s", store, exception)
        return build_unavailable_response(request, store)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return a 500, as JSON for the API; or a 503 if a store was unavailable within a middleware.

    `StoreUnavailableMiddleware` only sees the errors of views.
    """
    store = identify_missing_store(sys.exc_info()[1])
    if store:
        return build_unavailable_response(request, store)
    if request.path.startswith(("/api/", "/hooks/")):
        return Problem("internal", "Internal error. Nothing was stored; please send the request again.").to_response()
    return default_server_error(request)


def affiliate_language_middleware(get_response: GetResponse) -> GetResponse:
    """Activate the language of the affiliate's profile; without one, the browser's language stays."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        chosen = frame.get_frame(request).language
        if chosen:
            activate(chosen)
            request.LANGUAGE_CODE = chosen
        return get_response(request)

    return middleware


def staff_mfa_middleware(get_response: GetResponse) -> GetResponse:
    """Keep staff out of the admin until their session was authenticated with a second factor.

    It is needed where the account has one, and of everyone with STAFF_MFA_REQUIRED.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(reverse("admin:index")):
            user = request.user
            if user.is_authenticated and user.is_staff and not is_session_verified(request):
                if has_second_factor(user):
                    return redirect_to_reauthentication(request)
                if settings.STAFF_MFA_REQUIRED:
                    messages.warning(request, _("Staff must use two-step verification. Set it up to open the admin."))
                    return redirect("mfa_activate_totp")
        return get_response(request)

    return middleware
