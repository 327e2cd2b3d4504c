"""From which address a request comes: evidence and rate limits stand on it, so nothing is believed that a client can forge."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The client's IP address; "" where there is none, as on a Unix socket.

    Of X-Forwarded-For only the entry that the outermost of our TRUSTED_PROXIES proxies has added is believed.
    """
    remote = str(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.TRUSTED_PROXIES
    if proxies:
        entries = [entry.strip() for entry in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        remote = entries[-proxies] if len(entries) >= proxies else remote
    try:
        return str(ipaddress.ip_address(remote))
    except ValueError:
        return ""
