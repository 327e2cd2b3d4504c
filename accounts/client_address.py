"""Whose address a request comes from: one answer, for evidence and limits alike (RELIABILITY 3)."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address of whoever asks; "" where the server knows none."""
    return believed(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def believed(remote: str, forwarded_for: str) -> str:
    """The address that the outermost of our own proxies saw; `remote` is who connected to us.

    Each proxy adds to X-Forwarded-For whom it was asked by. Behind TRUSTED_PROXIES of ours only so many entries, from
    the end, are true; everything before them the client may have made up. Anything that is no address is "".
    """
    proxies = settings.TRUSTED_PROXIES
    if proxies and forwarded_for:
        entries = [entry.strip() for entry in forwarded_for.split(",")]
        remote = entries[-min(proxies, len(entries))]
    return _plain(remote)


def _plain(text: str) -> str:
    """The address alone: without a port, brackets or a zone; "" for what is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return ""
