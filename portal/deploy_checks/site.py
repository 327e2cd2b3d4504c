"""Addresses, proxies, keys and mail."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 -- Django's name
from django.http.request import validate_host

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
NO_MAIL = ("console", "dummy", "locmem", "filebased")


def check_addresses(**_kwargs: Any) -> list[CheckMessage]:
    """Requests to our own addresses must be answered, and reach us as they were sent."""
    found: list[CheckMessage] = []
    for name, host in _list_hosts().items():
        if not validate_host(host, settings.ALLOWED_HOSTS):
            text = f"{host}, the host of {name}, is not in ALLOWED_HOSTS, so that every page there is a 400."
            found.append(Error(text, hint=f"Add {host} to ALLOWED_HOSTS, without https://.", id="accord.E005"))
    if not settings.BASE_URL.startswith("https://"):
        text = f"BASE_URL is {settings.BASE_URL}: passwords and sessions can be read on their way."
        found.append(Warning(text, hint="Set BASE_URL to an address with https://.", id="accord.W006"))
    elif not settings.TRUSTED_PROXIES:
        text = (
            "BASE_URL has https and TRUSTED_PROXIES is 0. Behind a proxy with TLS every page redirects to itself, and "
            "all clicks and sign-ins count as those of one address."
        )
        hint = "Set TRUSTED_PROXIES to the number of your proxies in front of the web process, usually 1."
        found.append(Warning(text, hint=hint, id="accord.W007"))
    return found


def _list_hosts() -> dict[str, str]:
    hosts = {name: urlsplit(getattr(settings, name)).hostname or "" for name in ("BASE_URL", "CLICK_BASE_URL")}
    return {name: f"[{host}]" if ":" in host else host for name, host in hosts.items()}


def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """Keys must be secret, and their own."""
    found: list[CheckMessage] = []
    for name, weakness in settings.WEAK_KEYS:
        hint = f"Make a key with: manage.py keys --new {name}"
        is_published = "published" in weakness
        level, identifier = (Error, "accord.E008") if is_published else (Warning, "accord.W009")
        found.append(level(f"{name} {weakness}.", hint=hint, id=identifier))
    for name in settings.DERIVED_KEYS:
        text = f"{name} is not set, so its key is derived from SECRET_KEY and is lost with it."
        hint = f"Set it to the output of: manage.py keys --new {name}"
        if name == "PERSONAL_HASH_KEY":
            hint = "Set it before the first affiliate applies: it cannot be changed later."
        found.append(Warning(text, hint=hint, id="accord.W010"))
    return found


def check_mail(**_kwargs: Any) -> list[CheckMessage]:
    """E-mail must leave the machine, from an address that can be answered."""
    found: list[CheckMessage] = []
    backend = settings.EMAIL_BACKEND.split(".")[-2]
    if backend in NO_MAIL or not settings.EMAIL_HOST:
        text = "There is no mail server: no e-mail is delivered, and no one can confirm an address."
        hint = "Set EMAIL_URL to your mail server, such as smtp+tls://user:password@host:587."
        found.append(Warning(text, hint=hint, id="accord.W011"))
    if settings.DEFAULT_FROM_EMAIL.rstrip(">").rpartition("@")[2] in LOCAL_HOSTS:
        text = f"E-mails are sent from {settings.DEFAULT_FROM_EMAIL}, which most mail servers refuse."
        found.append(Warning(text, hint="Set DEFAULT_FROM_EMAIL to an address of yours.", id="accord.W012"))
    return found


CHECKS = (check_addresses, check_keys, check_mail)
