"""Requests for tracking links, and what they say about the visitor (specification 4)."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# What browsers say about a request without a click.
PURPOSE_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
# `Sec-Fetch-Dest` of a prefetched page; a browser that prefetches for a `<link>` says "empty".
_PAGES = (None, "", "document", "empty")


class RedirectRequest(NamedTuple):
    """A request for `/r/{code}`. `address` is the full IP address, which is used for limits and never stored.

    `purpose` and `fetch_dest` are what a browser says about it, in lower case: see `is_prefetch` and `is_subresource`.
    """

    code: str
    method: str
    query: str
    address: str
    user_agent: str
    referrer: str
    purpose: str
    at: datetime
    fetch_dest: str | None = None  # None without the header


def read_purpose(headers: Mapping[str, str]) -> str:
    """Return the purpose that a browser states for a request without a click. `headers` have lower-case names."""
    return " ".join([headers[name] for name in PURPOSE_HEADERS if name in headers]).lower()


def is_prefetch(visit: RedirectRequest) -> bool:
    """Return whether the browser fetches the link ahead of a click that may never come."""
    return visit.fetch_dest in _PAGES and any(word in visit.purpose for word in ("prefetch", "prerender", "preview"))


def is_subresource(visit: RedirectRequest) -> bool:
    """Return whether a page loads the link as a part of itself, without a click. Browsers name what they want."""
    return visit.fetch_dest not in (None, "document")


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
