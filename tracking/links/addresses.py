"""Web addresses as a tracking link may lead to: parsed as browsers do and compared whole, never by how they begin."""

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

# re.ASCII, because without it "k" also matches the Kelvin sign and "s" the long s, which browsers fold into the host.
_FORM = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253})(?::(?P<port>[1-9][0-9]{0,4}))?(?P<rest>[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What RFC 3986 allows in a path, query and fragment, and the percent sign of what is escaped already.
_SAFE = "%/?#[]@!$&'()*+,;=:-._~"
MAX_LENGTH = 2000


class Address(NamedTuple):
    """`host` is in small letters, with its port where it is not the scheme's own; `text` is ASCII and fit for a header."""

    scheme: str
    host: str
    text: str


def parse_address(text: str) -> Address | None:
    """`text` as an http or https address, or None for anything that two readers could understand differently.

    Refused are user names, backslashes, blanks and control characters anywhere, hosts in other than ASCII letters
    (write them as xn--), and ports that are not plain numbers.
    """
    if len(text) > MAX_LENGTH or not text.isprintable() or " " in text or "\\" in text or "\ufffd" in text:
        return None
    found = _FORM.fullmatch(text)
    if found is None or not found["host"].strip(".-"):
        return None
    scheme, host, port = found["scheme"].lower(), found["host"].lower(), int(found["port"] or 0)
    if port > 65535:
        return None
    if port and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    written = text if text.isascii() else text[: found.start("rest")] + quote(found["rest"] or "", safe=_SAFE)
    return Address(scheme, host, written)


def parse_permitted_address(text: str, hosts: Collection[str]) -> Address | None:
    """`text` parsed, if its host is one of `hosts`, letter by letter and with the same port; None otherwise."""
    address = parse_address(text)
    return address if address is not None and address.host in hosts else None


def add_parameter(address: str, name: str, value: str) -> str:
    """`address` with `name=value` added at the end of its query; its own query and fragment stay as they are."""
    before, hash_sign, fragment = address.partition("#")
    joint = "?" if "?" not in before else "" if before.endswith(("?", "&")) else "&"
    return f"{before}{joint}{name}={value}{hash_sign}{fragment}"


def has_parameter(address: str, name: str) -> bool:
    """Whether the query of `address` has a parameter `name`, however it is escaped."""
    query = address.partition("#")[0].partition("?")[2]
    return any(key.strip().lower() == name.lower() for key, _ in parse_qsl(query, keep_blank_values=True))
