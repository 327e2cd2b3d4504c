"""The client address of a request. Evidence and rate limits depend on it, so nothing a client can forge is trusted."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest


def get_client_address(request: HttpRequest) -> str:
    """Return the client's IP address, or "" if there is none, as on a Unix socket.

    Of X-Forwarded-For only the entry added by the outermost of TRUSTED_PROXIES proxies is trusted.
    """
    return resolve_address(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def resolve_address(remote: str, forwarded_for: str) -> str:
    """Return the client's IP address from the peer address and the X-Forwarded-For header."""
    proxies: int = settings.TRUSTED_PROXIES
    entries = [entry.strip() for entry in forwarded_for.split(",")] if forwarded_for else []
    if proxies and len(entries) >= proxies:
        remote = entries[-proxies]
    return _normalize_address(remote)


# Called for every click, often with the same addresses.
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
