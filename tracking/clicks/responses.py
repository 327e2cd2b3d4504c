"""The responses to visits of tracking links, and the click rows to store (specification 4). No database, no clock."""

from typing import NamedTuple

from django.conf import settings
from django.utils.html import escape
from django.utils.translation import gettext as _

from tracking.clicks import click_ids, requests
from tracking.clicks.click_store import ClickRow
from tracking.clicks.destinations import resolve_destination, split_at_click_id
from tracking.clicks.flood_limit import FloodLimit
from tracking.clicks.link_loader import RedirectLink
from tracking.clicks.requests import RedirectRequest
from tracking.clicks.user_agents import MAX_LENGTH, parse_user_agent

# The values of `tracking.models.Click.Kind`. Access to members of a Django enumeration is slow.
COUNTED, HEAD, BOT, PREFETCH, FLOOD, PAUSED = "counted", "head", "bot", "prefetch", "flood", "paused"
NO_AGENT, SUBRESOURCE = "no_agent", "subresource"
_WITHOUT_CLICK_ID = (PAUSED, SUBRESOURCE)

_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex, nofollow"),
)
_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{0}</title></head>'
    '<body><h1>{0}</h1><p>{1}</p><p><a href="mailto:{2}">{2}</a></p></body></html>'
)


class RedirectResponse(NamedTuple):
    """A response; `reason` is the reason phrase, `row` the click to record before the response is sent, if any."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    row: ClickRow | None = None


def build_redirect(visit: RedirectRequest, link: RedirectLink, floods: FloodLimit) -> RedirectResponse:
    """Redirect to the link's target or a deep link, with a click id if the visit may be a click on a tracked link."""
    parameter = settings.CLICK_ID_PARAMETER
    destination = resolve_destination(
        visit.query, target=link.target, hosts=link.hosts, click_id_parameter=parameter, sub_ids=link.sub_ids
    )
    location = destination.address
    nonce = click_ids.generate_nonce(visit.at)
    kind = classify_click(visit, link, floods)
    if kind not in _WITHOUT_CLICK_ID:
        before, after = split_at_click_id(location, settings.LINK_UTM_SOURCE, parameter)
        location = f"{before}{click_ids.sign_click_id(link.id, visit.at, nonce)}{after}"
    row = ClickRow(
        nonce,
        link.id,
        visit.at,
        kind,
        *destination.sub_ids,
        requests.truncate_address(visit.address),
        requests.clean_text(visit.user_agent, MAX_LENGTH),
        requests.extract_referrer_host(visit.referrer),
        parse_user_agent(visit.user_agent).device,
        destination.failed_deep_link,
    )
    return RedirectResponse(
        302, "Found", [("Location", location), ("Content-Length", "0"), *_HEADERS, *_build_hsts_headers()], b"", row
    )


def classify_click(visit: RedirectRequest, link: RedirectLink, floods: FloodLimit) -> str:
    """Return the kind of click. Only visits that would count otherwise are added to the flood limit."""
    kind = PAUSED if not link.is_tracked else _classify_visit(visit)
    return FLOOD if kind == COUNTED and floods.count_and_check(visit.address, visit.at) else kind


def _classify_visit(visit: RedirectRequest) -> str:
    if requests.is_prefetch(visit):
        return PREFETCH if visit.method != "HEAD" else HEAD
    if requests.is_subresource(visit):
        return SUBRESOURCE
    if visit.method == "HEAD":
        return HEAD
    if not visit.user_agent.strip():
        return NO_AGENT
    return BOT if parse_user_agent(visit.user_agent).is_bot else COUNTED


def build_not_found() -> RedirectResponse:
    """Build the 404 page for an unknown code."""
    return _build_error_page(404, "Not Found", _("Link not found"), _("Check the address for typing errors."))


def build_unavailable() -> RedirectResponse:
    """Build the 503 page for a link that is not in the cache while the database is unavailable."""
    text = _("This link is temporarily unavailable. Try again in a few seconds.")
    return _build_error_page(503, "Service Unavailable", _("Link temporarily unavailable"), text, ("Retry-After", "2"))


def build_method_not_allowed() -> RedirectResponse:
    """Build the 405 page for methods other than GET and HEAD."""
    return _build_error_page(
        405, "Method Not Allowed", _("Method not allowed"), _("Open this link in a browser."), ("Allow", "GET, HEAD")
    )


def _build_hsts_headers() -> list[tuple[str, str]]:
    seconds = settings.SECURE_HSTS_SECONDS
    return [("Strict-Transport-Security", f"max-age={seconds}")] if seconds else []


def _build_error_page(status: int, reason: str, title: str, text: str, *headers: tuple[str, str]) -> RedirectResponse:
    body = _PAGE.format(escape(title), escape(text), escape(settings.CONTACT_EMAIL)).encode()
    return RedirectResponse(
        status, reason, [*headers, ("Content-Length", str(len(body))), *_HEADERS, *_build_hsts_headers()], body
    )
