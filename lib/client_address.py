"""From which address a request comes: evidence and rate limits stand on it, so nothing is believed that a client can forge."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest


def get_client_address(request: HttpRequest) -> str:
    """The client's IP address; "" where there is none, as on a Unix socket.

    Of X-Forwarded-For only the entry that the outermost of our TRUSTED_PROXIES proxies has added is believed.
    """
    return resolve_address(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def resolve_address(remote: str, forwarded_for: str) -> str:
    """As `get_client_address`, of who connected to us and the header, for whoever answers ahead of Django."""
    proxies: int = settings.TRUSTED_PROXIES
    entries = [entry.strip() for entry in forwarded_for.split(",")] if forwarded_for else []
    if proxies and len(entries) >= proxies:
        remote = entries[-proxies]
    return _normalize_address(remote)


# The redirect asks for each click, and the same people click again.
@lru_cache(maxsize=4096)
def _normalize_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(_strip_port(text)))
    except ValueError:
        return ""


def _strip_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
