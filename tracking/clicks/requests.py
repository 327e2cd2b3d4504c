"""A visit to a tracking link as the web server hands it over: who knocks, and whether it counts (CONTRACT 4)."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

# Words by which robots, link previews, monitors and program libraries name themselves, chosen by hand: no list of all
# of them is kept here, and one that gives itself a browser's name counts as a browser. The tests hold two of
# them, and the names of browsers that come close to one.
# Not "bot" in Cubot, a make of phones, nor the apps of search engines (baiduboxapp, YandexSearch), which people use.
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
# Characters of a query, so that the longest ones don't fill the memory.
_MAX_CACHED_LENGTH = 300


class RedirectRequest(NamedTuple):
    """One request for `/r/{code}`. `address` is the full one: it is used for limits and never stored."""

    code: str
    method: str
    query: str
    address: str
    user_agent: str
    referrer: str
    purpose: str
    at: datetime


def read_purpose(headers: Mapping[str, str]) -> str:
    """What a browser says that it asks for, from the headers by their small names, where that is not a person's click."""
    names = ("sec-purpose", "purpose", "x-purpose", "x-moz")
    return " ".join(headers[name] for name in names if name in headers).lower()


def is_prefetch(visit: RedirectRequest) -> bool:
    """Whether the browser fetches ahead of a click that may never come."""
    return any(word in visit.purpose for word in ("prefetch", "prerender", "preview"))


def is_bot(user_agent: str) -> bool:
    """Whether the browser names itself a robot, a link preview or a program; one without a name is not known to be."""
    return _is_bot(user_agent[:300])


@lru_cache(maxsize=4096)
def _is_bot(user_agent: str) -> bool:
    return _BOT.search(user_agent) is not None


@lru_cache(maxsize=4096)
def truncate_address(address: str) -> str:
    """The network of an address, /24 for IPv4 and /48 for IPv6, as text; "" where there is none to be read."""
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
    """The site of a Referer header, without the page; "" where there is none to be read."""
    try:
        host = urlsplit(referrer).hostname or ""
    except ValueError:
        return ""
    return clean_text(host, 253)


def clean_text(text: str, most: int) -> str:
    """`text` without control characters and lone surrogates, which PostgreSQL would refuse, cut to `most` characters."""
    return (_CONTROL_CHARACTERS.sub("", text) if not text.isprintable() else text)[:most]


def parse_query(visit: RedirectRequest) -> Mapping[str, list[str]]:
    """The parameters of the visit's query; none at all where there are too many to be a person's."""
    if not visit.query:
        return {}
    return (
        _parse_query(visit.query) if len(visit.query) <= _MAX_CACHED_LENGTH else _parse_query.__wrapped__(visit.query)
    )


# The visitors of one place mostly bring the same sub-ids.
@lru_cache(maxsize=4096)
def _parse_query(query: str) -> Mapping[str, list[str]]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return {}
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
