"""Middleware that refuses malformed, oversized and slow requests before a view sees them, and keeps private pages private."""

import re
from collections import Counter
from collections.abc import Callable, Hashable

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.template import loader
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from lib.client_address import get_client_address
from lib.request_body import BodyTooSlow, Sender, TimedBody, parse_length

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Forms of visitors have text fields only. Signed-in people also send files.
MAX_ANONYMOUS_BYTES = 1024 * 1024
MAX_BYTES = 32 * 1024 * 1024
# A browser sends at least one field of each row of a form set, except of rows with nothing but empty checkboxes.
MAX_ROWS_WITHOUT_FIELDS = 50

_LONG_NUMBER = re.compile(r"\d{1000}")
_ROW = re.compile(r"(.+?)-(\d+)-")
_ROW_COUNT = re.compile(r"(.+)-(?:TOTAL|INITIAL)_FORMS")


def address_middleware(get_response: GetResponse) -> GetResponse:
    """Refuse a NUL character and an endless number in the address: PostgreSQL and Python can't store them."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path_info:
            raise Http404
        if "%00" in query:
            return _refuse(request, 400, _("Bad request"), _("The address contains a NUL character."))
        if _LONG_NUMBER.search(query):
            return _refuse(request, 400, _("Bad request"), _("The address contains a number that is too long."))
        return get_response(request)

    return middleware


def request_body_middleware(get_response: GetResponse) -> GetResponse:
    """Refuse a body that is too large for its sender or too slow, and form sets that claim rows they don't have."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return _check_body(request) or get_response(request)

    return middleware


def private_cache_middleware(get_response: GetResponse) -> GetResponse:
    """Keep every page that a signed-in person sees, and every page about sign-in, out of all caches."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        user = getattr(request, "user", None)
        if request.path.startswith(("/accounts/", "/admin/")) or (user is not None and user.is_authenticated):
            response.headers.pop("Cache-Control", None)
            patch_cache_control(response, no_store=True, private=True)
        return response

    return middleware


def _check_body(request: HttpRequest) -> HttpResponse | None:
    limit = MAX_BYTES if request.user.is_authenticated else MAX_ANONYMOUS_BYTES
    length = parse_length(request.META.get("CONTENT_LENGTH") or "0")
    if length is None or length > limit:
        text = _("The request is larger than %(limit)d MiB. Nothing was stored.") % {"limit": limit // 1024**2}
        return _refuse(request, 413, _("Request too large"), text)
    body = request.META.get("wsgi.input")
    if isinstance(body, TimedBody):
        try:
            body.load(limit, *_identify_sender(request))
        except BodyTooSlow:
            text = _("The request did not arrive in time. Nothing was stored. Please try again.")
            return _refuse(request, 408, _("Request too slow"), text)
    wrong = find_wrong_row_count(request.POST) if request.method == "POST" else ""
    if wrong:
        text = _("%(field)s must be the number of rows in the form. Nothing was stored.") % {"field": wrong}
        return _refuse(request, 400, _("Bad request"), text)
    return None


def _identify_sender(request: HttpRequest) -> tuple[Sender, Hashable]:
    if request.user.is_authenticated:
        return Sender.SIGNED_IN, request.user.pk
    return Sender.VISITOR, get_client_address(request)


def find_wrong_row_count(fields: QueryDict) -> str:
    """Return the name of a row count of a form set that is no number, or far above the rows sent; otherwise ""."""
    rows = Counter(prefix for prefix, _number in {match.groups() for match in map(_ROW.match, fields) if match})
    for name in fields:
        count = _ROW_COUNT.fullmatch(name)
        if count and not _is_row_count(str(fields[name]), rows[count[1]] + MAX_ROWS_WITHOUT_FIELDS):
            return name
    return ""


def _is_row_count(text: str, limit: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= limit


def _refuse(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    body = request.META.get("wsgi.input")
    if isinstance(body, TimedBody) and hasattr(request, "user"):
        body.drain(*_identify_sender(request))
    page = loader.render_to_string("refused.html", {"status": status, "title": title, "text": text})
    return HttpResponse(page, status=status)
