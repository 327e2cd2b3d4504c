"""Destination URLs of tracking links: parsed as browsers do, and compared by whole host, never by prefix."""

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from agreements.models import Program

# re.ASCII, because otherwise "k" also matches the Kelvin sign and "s" the long s, which browsers fold into the host.
_FORM = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253})(?::(?P<port>[1-9][0-9]{0,4}))?(?P<rest>[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
# The characters that RFC 3986 allows in a path, query and fragment, and the percent sign of existing escapes.
_SAFE = "%/?#[]@!$&'()*+,;=:-._~"
MAX_LENGTH = 2000


class Address(NamedTuple):
    """`host` is lower-case and includes a port other than the scheme's default; `text` is ASCII, fit for a header."""

    scheme: str
    host: str
    text: str


def get_shop_hosts(program: Program) -> frozenset[str]:
    """Return the hosts that links may lead to: those set for the program, else the host of the shop's address."""
    if program.shop_hosts:
        return frozenset(host.strip().lower() for host in program.shop_hosts)
    address = parse_address(program.shop_url)
    return frozenset({address.host}) if address else frozenset()


def parse_address(text: str) -> Address | None:
    """Parse an http or https address; return None for anything that two parsers could read differently.

    Does not accept user names, backslashes, spaces, control characters, non-ASCII hosts (other than as xn--) and ports
    that are not plain numbers.
    """
    if len(text) > MAX_LENGTH or not text.isprintable() or " " in text or "\\" in text or "\ufffd" in text:
        return None
    match = _FORM.fullmatch(text)
    if match is None or not match["host"].strip(".-"):
        return None
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), int(match["port"] or 0)
    if port > 65535:
        return None
    if port and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    encoded = text if text.isascii() else text[: match.start("rest")] + quote(match["rest"] or "", safe=_SAFE)
    return Address(scheme, host, encoded)


def parse_permitted_address(text: str, hosts: Collection[str]) -> Address | None:
    """Parse `text`; return None unless its host and port are exactly one of `hosts`."""
    address = parse_address(text)
    return address if address is not None and address.host in hosts else None


def add_parameter(address: str, name: str, value: str) -> str:
    """Append `name=value` to the query of `address`; its own query and fragment stay unchanged."""
    before, hash_sign, fragment = address.partition("#")
    separator = "?" if "?" not in before else "" if before.endswith(("?", "&")) else "&"
    return f"{before}{separator}{name}={value}{hash_sign}{fragment}"


def has_parameter(address: str, name: str) -> bool:
    """Return whether the query of `address` has a parameter `name`, in any escaping and letter case."""
    query = address.partition("#")[0].partition("?")[2]
    return any(key.strip().lower() == name.lower() for key, _ in parse_qsl(query, keep_blank_values=True))
