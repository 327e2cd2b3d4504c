"""Requests for tracking links, and who sent them: people, bots or prefetching browsers (specification 4)."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

# Words by which crawlers, link previews, monitors and HTTP libraries identify themselves. Tests compare them with two
# public lists. Phones by Cubot and the apps of search engines (baiduboxapp, YandexSearch) must not match.
_BOT = re.compile(
    r"(?<!cu)bot(?:\b|[_\d])|robot|crawl|spider|slurp|scrap(?:er|y)|archiv|fetch|preview|monitor|uptime|pingdom|"
    r"headless|phantomjs|puppeteer|playwright|selenium|lighthouse|pagespeed|validator|check(?:er|link)|\bscan|"
    r"externalhit|facebookcatalog|meta-external|^whatsapp|skypeuri|vkshare|mediapartners|apis-google|google-|"
    r"googleother|feed(?:ly|burner|press)|\brss\b|https?://|"
    r"^(?:curl|wget|java|ruby|php|perl|python|go-http|okhttp|axios|node|undici|deno|bun|aiohttp|httpx|libwww|lwp|"
    r"apache-http|guzzle|postman|insomnia|httpie|dart|reqwest|faraday|winhttp|axel|aria2|nmap|masscan|zgrab|httpunit)",
    re.IGNORECASE | re.ASCII,
)
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
SUB_IDS = ("sub1", "sub2", "sub3", "sub4", "sub5")
_MAX_FIELDS = 50
# Longer query strings are not cached, to bound memory use.
_MAX_CACHED_LENGTH = 300

# Device classes, for reports only: no decision depends on them. The values of `tracking.models.Click.Device`.
MOBILE, TABLET, DESKTOP, OTHER = "mobile", "tablet", "desktop", "other"

_OTHERS = (
    r"smart-?tv|\btv\b|googletv|appletv|hbbtv|bravia|web0s|webos|roku|crkey|"
    r"playstation|xbox|nintendo|\bwatch\b|aft[a-z]+ build"
)
_TABLETS = r"ipad|tablet|kindle|\bsilk/(?!.*\bmobile\b)|playbook|android(?!.*\bmobile\b)"
_MOBILES = r"mobi|iphone|ipod|android|windows phone|opera mini|blackberry|\bbb10\b|j2me|symbian|kaios"
_DESKTOPS = r"windows nt|windows 9|macintosh|x11|cros|linux (?:x86_64|i686|amd64)"
# The order matters: TVs also name Android, and phones also name Linux.
_DEVICE_PATTERNS = tuple(
    (device, re.compile(pattern, re.ASCII | re.IGNORECASE))
    for device, pattern in ((OTHER, _OTHERS), (TABLET, _TABLETS), (MOBILE, _MOBILES), (DESKTOP, _DESKTOPS))
)


class RedirectRequest(NamedTuple):
    """A request for `/r/{code}`. `address` is the full IP address, which is used for limits and never stored."""

    code: str
    method: str
    query: str
    address: str
    user_agent: str
    referrer: str
    purpose: str
    at: datetime


def read_purpose(headers: Mapping[str, str]) -> str:
    """Return the purpose that a browser states for a request without a click. `headers` have lower-case names."""
    names = ("sec-purpose", "purpose", "x-purpose", "x-moz")
    return " ".join(headers[name] for name in names if name in headers).lower()


def is_prefetch(visit: RedirectRequest) -> bool:
    """Return whether the browser fetches the link ahead of a click that may never come."""
    return any(word in visit.purpose for word in ("prefetch", "prerender", "preview"))


def is_bot(user_agent: str) -> bool:
    """Return whether the User-Agent is a known crawler, link preview or HTTP library. An empty one is not."""
    return _is_bot(user_agent[:300])


@lru_cache(maxsize=4096)
def _is_bot(user_agent: str) -> bool:
    return _BOT.search(user_agent) is not None


# Called for each click, mostly with the same few browsers.
@lru_cache(maxsize=4096)
def detect_device(user_agent: str) -> str:
    """Return the device class of `user_agent`. An iPad that requests desktop pages is indistinguishable from a Mac."""
    return next((device for device, pattern in _DEVICE_PATTERNS if pattern.search(user_agent)), OTHER)


@lru_cache(maxsize=4096)
def truncate_address(address: str) -> str:
    """Return the network of an IP address, /24 for IPv4 and /48 for IPv6; "" for other text."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    kept = 8 if parsed.version == 4 else 80
    return str(type(parsed)(int(parsed) >> kept << kept))


@lru_cache(maxsize=4096)
def extract_referrer_host(referrer: str) -> str:
    """Return the host of a Referer header; "" if there is none."""
    try:
        host = urlsplit(referrer).hostname or ""
    except ValueError:
        return ""
    return clean_text(host, 253)


def clean_text(text: str, max_length: int) -> str:
    """Remove control characters and lone surrogates, which PostgreSQL does not accept, and cut to `max_length`."""
    return (_CONTROL_CHARACTERS.sub("", text) if not text.isprintable() else text)[:max_length]


def parse_query(visit: RedirectRequest) -> Mapping[str, list[str]]:
    """Return the query parameters of the visit; none if there are more than a link can sensibly have."""
    if not visit.query:
        return {}
    return (
        _parse_query(visit.query) if len(visit.query) <= _MAX_CACHED_LENGTH else _parse_query.__wrapped__(visit.query)
    )


# Visitors from one page mostly have the same sub-IDs.
@lru_cache(maxsize=4096)
def _parse_query(query: str) -> Mapping[str, list[str]]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return {}
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return parameters
