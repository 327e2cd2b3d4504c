"""The sites that an affiliate has declared as channels, and whether a visitor came from one of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from affiliates.models import Channel
from compliance.signals.referrer_tables import (
    CACHES,
    HOSTING,
    PLATFORMS,
    SAME_SITE_PREFIXES,
    SHORTENERS,
    WEBMAIL,
)


def load_declared_sites(affiliates: Collection[UUID]) -> dict[UUID, set[str]]:
    """Return the hosts that visitors of each affiliate's channels come from. A channel counts until it is rejected."""
    sites: dict[UUID, set[str]] = defaultdict(set)
    channels = Channel.objects.filter(affiliate__in=affiliates).exclude(state=Channel.State.REJECTED)
    for pk, kind, address in channels.values_list("affiliate_id", "kind", "address"):
        sites[pk] |= list_sites(kind, address)
    return sites


def list_sites(kind: str, address: str) -> set[str]:
    """Return the hosts that visitors of a channel come from. Each includes its subdomains."""
    parts = urlsplit(address)
    host = normalize_host(parts.hostname or "")
    sites = {host} if host else set()
    for platform in PLATFORMS:
        if any(is_on_site(host, site) for site in platform):
            sites |= set(platform)
    for service, senders in HOSTING.items():
        if is_on_site(host, service):
            sites |= {f"={sender}" for sender in senders}
    if kind == Channel.Kind.NEWSLETTER:
        sites |= set(WEBMAIL)
    if host == "play.google.com":
        sites = set(parse_qs(parts.query).get("id", ()))
    return sites


def is_declared(host: str, sites: Iterable[str]) -> bool:
    """Return whether a visitor from `host` may come from one of `sites`."""
    host = normalize_host(host)
    return any(is_on_site(host, site) for site in (*sites, *SHORTENERS))


def normalize_host(host: str) -> str:
    """Return the host in lower case and ASCII, without a port and without the prefix of a version for phones."""
    host = host.lower().strip(".").partition(":")[0]
    for cache in CACHES:
        if host.endswith(cache):
            host = host.removesuffix(cache).replace("--", "\n").replace("-", ".").replace("\n", "-")
    with suppress(UnicodeError):  # not a host's name, so no channel has it
        host = host.encode("idna").decode("ascii")
    for prefix in SAME_SITE_PREFIXES:
        if host.startswith(prefix) and "." in host.removeprefix(prefix):
            return host.removeprefix(prefix)
    return host


def is_on_site(host: str, site: str) -> bool:
    """Return whether `host` is `site` or below it. A site that starts with `=` has no subdomains."""
    return bool(site) and (host == site.removeprefix("=") or host.endswith(f".{site}"))
