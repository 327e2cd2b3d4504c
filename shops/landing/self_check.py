"""The check of a landing page: is accord.js on it, is the cookie set, and what did the shop send (specification 11)."""

from datetime import datetime
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from shops.landing import script
from shops.landing.page_fetch import FetchedPage, FetchFailed, fetch_page
from shops.models import Connection, ShopEvent, ShopOrder
from tracking.clicks.click_ids import extract_link_id, sign_click_id
from tracking.clicks.destinations import add_utm_source
from tracking.links.addresses import add_query
from tracking.models import Link, Order

COOKIE = "accord_click_id"
# What accord.js takes if its tag says nothing.
DEFAULT_DAYS, DEFAULT_PARAMETER = 3, "click_id"
MAX_EVENTS = 20


class Finding(NamedTuple):
    """`level` is "good", "warning" or "bad"."""

    level: str
    text: str
    # The server of the shop sets the cookie, so that accord.js is not needed.
    is_server_cookie: bool = False


class _ScriptFinder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        try:
            path = urlsplit(attributes.get("src", "")).path
        except ValueError:
            return
        if tag == "script" and script.is_script_path(path):
            self.tags.append(attributes | {"path": path})


def build_script_tag(days: int) -> SafeString:
    """Return the tag that staff paste into the shop's pages."""
    parameter = settings.CLICK_ID_PARAMETER
    return format_html(
        '<script defer crossorigin="anonymous" src="{}{}" integrity="{}" data-days="{}"{}></script>',
        *(settings.CLICK_BASE_URL, script.get_versioned_path(), script.get_current().integrity, days),
        format_html(' data-parameter="{}"', parameter) if parameter != DEFAULT_PARAMETER else "",
    )


def check_landing_page(link: Link, *, days: int, now: datetime) -> list[Finding]:
    """Fetch the page that the link leads to, as a visitor with a click, and say what is wrong with it."""
    click_id = sign_click_id(link.pk, now)
    target = add_utm_source(link.target, settings.LINK_UTM_SOURCE)
    try:
        page = fetch_page(add_query(target, f"{settings.CLICK_ID_PARAMETER}={click_id}"))
    except FetchFailed as error:
        text = _("Accord could not fetch the landing page: %(cause)s. The check in your browser works all the same.")
        return [Finding("warning", text % {"cause": error})]
    return inspect_page(page, click_id=click_id, days=days)


def inspect_page(page: FetchedPage, *, click_id: str, days: int) -> list[Finding]:
    """Return what the page does with a click id. `days` is the attribution window of the agreement."""
    findings = []
    if page.status != 200:
        findings.append(Finding("bad", _("The landing page answered with the status %d.") % page.status))
    if any(cookie.startswith(f"{COOKIE}={click_id}") for cookie in page.cookies):
        text = _("The shop's server sets the cookie %s.") % COOKIE
        findings.append(Finding("good", text, is_server_cookie=True))
    finder = _ScriptFinder()
    finder.feed(page.text)
    if finder.tags:
        findings.append(Finding("good", _("accord.js is on the page.")))
        findings += _inspect_tag(finder.tags[0], days)
    elif not findings or findings[-1].level != "good":
        text = _("accord.js is not on the page, unless another script adds it.")
        findings.append(Finding("bad", text))
    return findings


def _inspect_tag(tag: dict[str, str], days: int) -> list[Finding]:
    findings = []
    stated = tag.get("data-days") or str(DEFAULT_DAYS)
    if stated != str(days):
        text = _("data-days is %(stated)s, but the attribution window of the agreement is %(days)d days.")
        findings.append(Finding("warning", text % {"stated": stated, "days": days}))
    parameter, expected = tag.get("data-parameter") or DEFAULT_PARAMETER, settings.CLICK_ID_PARAMETER
    if parameter != expected:
        text = _("data-parameter is %(stated)s, but links add the parameter %(expected)s.")
        findings.append(Finding("bad", text % {"stated": parameter, "expected": expected}))
    digest = tag["path"].removeprefix("/accord-").removesuffix(".js")
    version = script.get_versions().get(digest)
    if tag.get("integrity") and (version is None or version.integrity not in tag["integrity"].split()):
        findings.append(Finding("warning", _("The integrity attribute is not that of a version served here.")))
    return findings


def list_events(connection: Connection, *, link: Link, since: datetime) -> list[dict[str, str]]:
    """Return the connection's newest events since a moment: order, and what became of it in words."""
    events = list(connection.events.filter(received_at__gte=since)[:MAX_EVENTS])
    keys = [event.order_key for event in events]
    shop_orders = dict(
        ShopOrder.objects.filter(connection=connection, order_key__in=keys).values_list("order_key", "order_id")
    )
    orders = {order.order_id: order for order in Order.objects.filter(order_id__in=shop_orders.values())}
    listed = []
    for event in events:
        order_id = shop_orders.get(event.order_key, "")
        listed.append({"order": order_id, "text": _describe_event(event, orders.get(order_id), link)})
    return listed


def _describe_event(event: ShopEvent, order: Order | None, link: Link) -> str:
    if order is None:
        return ": ".join(filter(None, (str(event.get_state_display()), event.field, event.cause)))
    if not order.click_id:
        return _("an order without a click id")
    if extract_link_id(order.click_id) == link.pk:
        return _("an order with a click of this link")
    return _("an order with a click of another link")
