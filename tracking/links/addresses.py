"""Destination URLs of tracking links: parsed as browsers do, and compared by whole host, never by prefix."""

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

from agreements.models import Program
from lib.text import is_invisible

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
    """`host` is lower-case and includes a port other than the scheme's default; `text` is ASCII, fit for a header.

    `rest` is what follows the host in `text`.
    """

    scheme: str
    host: str
    text: str
    rest: str


def get_shop_hosts(program: Program) -> frozenset[str]:
    """Return the hosts that links may lead to: those set for the program, else the host of the shop's address."""
    if program.shop_hosts:
        return frozenset(host.strip().lower() for host in program.shop_hosts)
    address = parse_address(program.shop_url)
    return frozenset({address.host}) if address else frozenset()


def get_current_shop_hosts() -> frozenset[str]:
    """Return the hosts that links may lead to now; does not create the row of the program."""
    return get_shop_hosts(Program.find() or Program())


def parse_address(text: str) -> Address | None:
    """Parse an http or https address; return None for anything that two parsers could read differently.

    Does not accept user names, backslashes, white space, control characters, non-ASCII hosts (other than as xn--) and
    ports that are not plain numbers.
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
    rest = quote(match["rest"] or "", safe=_SAFE)
    return Address(scheme, host, text[: len(text) - len(match["rest"] or "")] + rest, rest)


def parse_pasted_address(text: str) -> Address | None:
    """Parse an address as people paste it.

    White space and invisible characters around it are removed. Those after the host, such as the joiners of several
    scripts and of emoji, are encoded.
    """
    unprintable = {c for c in text if c.isspace() or (not c.isprintable() and is_invisible(c))}
    stripped = text.strip("".join(unprintable))
    return parse_address("".join(quote(c) if c in unprintable else c for c in stripped))


def parse_permitted_address(text: str, hosts: Collection[str]) -> Address | None:
    """Parse `text`; return None unless its host and port are exactly one of `hosts`."""
    address = parse_address(text)
    return address if address is not None and address.host in hosts else None


def secure_address(address: Address) -> str:
    """Return the text of `address`, with https instead of http."""
    return address.text if address.scheme == "https" else f"https://{address.host}{address.rest}"


def add_query(address: str, query: str) -> str:
    """Append `query` to the query of `address`; its own query and fragment stay unchanged."""
    before, hash_sign, fragment = address.partition("#")
    separator = "?" if "?" not in before else "" if before.endswith(("?", "&")) else "&"
    return f"{before}{separator}{query}{hash_sign}{fragment}"


def list_parameter_names(address: str) -> set[str]:
    """Return the names of the query parameters of `address`, decoded."""
    query = address.partition("#")[0].partition("?")[2]
    return {decode_name(part) for part in query.split("&")} if query else set()


def remove_parameter(address: str, name: str) -> str:
    """Remove each query parameter `name`, in any escaping and letter case; the rest of `address` stays unchanged."""
    before, hash_sign, fragment = address.partition("#")
    path, question_mark, query = before.partition("?")
    parts = query.split("&")
    kept = [part for part in parts if not is_parameter(decode_name(part), name)]
    if len(kept) == len(parts):
        return address
    return f"{path}{question_mark if kept else ''}{'&'.join(kept)}{hash_sign}{fragment}"


def decode_name(part: str) -> str:
    """Return the decoded name of `name=value`."""
    return unquote_plus(part.partition("=")[0])


def is_parameter(decoded: str, name: str) -> bool:
    """Return whether a shop could take a parameter called `decoded` for `name`."""
    return decoded.strip().lower() == name.lower()
