"""The responses to visits of tracking links, and the click rows to store (specification 4). No database, no clock."""

from collections.abc import Mapping
from typing import NamedTuple

from django.conf import settings
from django.utils.html import escape
from django.utils.translation import gettext as _

from tracking.clicks import click_ids, requests
from tracking.clicks.click_store import ClickRow
from tracking.clicks.flood_limit import FloodLimit
from tracking.clicks.link_loader import RedirectLink, SubIds
from tracking.clicks.requests import SUB_IDS, RedirectRequest
from tracking.links import addresses

# The values of `tracking.models.Click.Kind`. Access to members of a Django enumeration is slow.
COUNTED, HEAD, BOT, PREFETCH, FLOOD, PAUSED = "counted", "head", "bot", "prefetch", "flood", "paused"

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
    "<body><h1>{0}</h1><p>{1}</p></body></html>"
)


class RedirectResponse(NamedTuple):
    """A response; `reason` is the reason phrase, `row` the click to record before the response is sent, if any."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    row: ClickRow | None = None


def build_redirect(visit: RedirectRequest, link: RedirectLink, floods: FloodLimit) -> RedirectResponse:
    """Redirect to the link's target or a deep link, with a click id if the link is tracked."""
    query = requests.parse_query(visit)
    nonce = click_ids.generate_nonce(visit.at)
    kind = classify_click(visit, link, floods)
    target = _resolve_deep_link(query, link) or link.target
    if kind != PAUSED:
        click_id = click_ids.sign_click_id(link.id, visit.at, nonce)
        target = addresses.add_parameter(target, settings.CLICK_ID_PARAMETER, click_id)
    row = ClickRow(
        nonce,
        link.id,
        visit.at,
        kind,
        *_merge_sub_ids(query, link),
        requests.truncate_address(visit.address),
        requests.clean_text(visit.user_agent, 300),
        requests.extract_referrer_host(visit.referrer),
        requests.detect_device(visit.user_agent[:300]),
    )
    return RedirectResponse(
        302, "Found", [("Location", target), ("Content-Length", "0"), *_HEADERS, *_build_hsts_headers()], b"", row
    )


def classify_click(visit: RedirectRequest, link: RedirectLink, floods: FloodLimit) -> str:
    """Return the kind of click. Only visits that would count otherwise are added to the flood limit."""
    if not link.is_tracked:
        return PAUSED
    if visit.method == "HEAD":
        return HEAD
    if requests.is_prefetch(visit):
        return PREFETCH
    if requests.is_bot(visit.user_agent):
        return BOT
    return FLOOD if floods.count_and_check(visit.address, visit.at) else COUNTED


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


def _resolve_deep_link(query: Mapping[str, list[str]], link: RedirectLink) -> str | None:
    """Return the URL in the parameter `to` if it is on a permitted host, else None."""
    values = query.get("to")
    address = addresses.parse_permitted_address(values[0], link.hosts) if values and len(values) == 1 else None
    if address is None or addresses.has_parameter(address.text, settings.CLICK_ID_PARAMETER):
        return None
    return address.text


def _merge_sub_ids(query: Mapping[str, list[str]], link: RedirectLink) -> SubIds:
    if query.keys().isdisjoint(SUB_IDS):
        return link.sub_ids
    one, two, three, four, five = [
        (requests.clean_text(query[name][0], 100) if name in query else "") or own
        for name, own in zip(SUB_IDS, link.sub_ids, strict=True)
    ]
    return one, two, three, four, five


def _build_hsts_headers() -> list[tuple[str, str]]:
    seconds = settings.SECURE_HSTS_SECONDS
    return [("Strict-Transport-Security", f"max-age={seconds}")] if seconds else []


def _build_error_page(status: int, reason: str, title: str, text: str, *headers: tuple[str, str]) -> RedirectResponse:
    body = _PAGE.format(escape(title), escape(text)).encode()
    return RedirectResponse(
        status, reason, [*headers, ("Content-Length", str(len(body))), *_HEADERS, *_build_hsts_headers()], body
    )
