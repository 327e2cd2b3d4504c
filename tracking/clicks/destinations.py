"""Where a visit of a tracking link goes: the link's target or a deep link, with the visit's own parameters.

The click id is added later (`tracking.clicks.responses`). No database, no clock.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_plus

from tracking.clicks.link_loader import SubIds
from tracking.clicks.requests import clean_text
from tracking.links import addresses
from tracking.links.link_fields import SUB_IDS

# The characters that a query may contain, and the percent sign of existing escapes.
_SAFE = "%/?@!$&'()*+,;=:-._~[]"
# More parameters than a link can sensibly have are ignored.
_MAX_PARAMETERS = 200
# Longer query strings are not cached, to bound memory use.
_MAX_CACHED_LENGTH = 300
_MAX_SAMPLE_LENGTH = 200


class Destination(NamedTuple):
    """`address` has no click id. `sub_ids` are those of the visit, and the link's own where it sets none.

    `failed_deep_link` is what the parameter `to` requested if it could not be used, else "".
    """

    address: str
    sub_ids: SubIds
    failed_deep_link: str


_NO_SUB_IDS: SubIds = ("", "", "", "", "")


def resolve_destination(
    query: str, *, target: str, hosts: frozenset[str], click_id_parameter: str, sub_ids: SubIds = _NO_SUB_IDS
) -> Destination:
    """Return where a visit with the query string `query` goes.

    It is that of a link to `target` with permitted `hosts` and its own `sub_ids`.
    """
    if not query:
        return Destination(target, sub_ids, "")
    if len(query) > _MAX_CACHED_LENGTH:
        return _resolve.__wrapped__(query, target, hosts, click_id_parameter, sub_ids)
    return _resolve(query, target, hosts, click_id_parameter, sub_ids)


# Visitors from one page mostly have the same parameters.
@lru_cache(maxsize=4096)
def _resolve(query: str, target: str, hosts: frozenset[str], click_id_parameter: str, sub_ids: SubIds) -> Destination:
    parts = [part for part in query.split("&", _MAX_PARAMETERS)[:_MAX_PARAMETERS] if part]
    named = [(addresses.decode_name(part), part) for part in parts]
    requested = [part.partition("=")[2] for name, part in named if name == "to"]
    deep_link = _find_deep_link(requested, target, hosts)
    address = addresses.remove_parameter(deep_link or target, click_id_parameter)
    taken = {"to", *SUB_IDS, *addresses.list_parameter_names(address)}
    passed = [
        quote(part, safe=_SAFE)
        for name, part in named
        if name not in taken and not addresses.is_parameter(name, click_id_parameter)
    ]
    return Destination(
        addresses.add_query(address, "&".join(passed)) if passed else address,
        _find_sub_ids(named, sub_ids),
        _sample(requested) if requested and deep_link is None else "",
    )


# The same few targets over and over.
@lru_cache(maxsize=4096)
def split_at_click_id(address: str, source: str, click_id_parameter: str) -> tuple[str, str]:
    """Return what comes before a click id and after it in `address`, to which `utm_source` is added as well."""
    page, hash_sign, fragment = add_utm_source(address, source).partition("#")
    return addresses.add_query(page, f"{click_id_parameter}="), f"{hash_sign}{fragment}"


def add_utm_source(address: str, source: str) -> str:
    """Add `utm_source` to the query of `address` unless it has one or `source` is "".

    WooCommerce attributes an order to the address that the visitor landed on only if it has such a parameter.
    """
    if not source or any(
        addresses.is_parameter(name, "utm_source") for name in addresses.list_parameter_names(address)
    ):
        return address
    return addresses.add_query(address, f"utm_source={quote(source, safe='')}")


def _find_deep_link(requested: Sequence[str], target: str, hosts: frozenset[str]) -> str | None:
    """Return the address that the only `to` asks for if it is on a permitted host, else None."""
    address = addresses.parse_pasted_address(_decode_address(requested[0])) if len(requested) == 1 else None
    if address is None or address.host not in hosts:
        return None
    # The whole shop has https if the link has it.
    return addresses.secure_address(address) if target.startswith("https:") else address.text


def _decode_address(text: str) -> str:
    """Decode the value of `to`, unless it is an address as copied from a browser, which was never encoded."""
    return text if "://" in text and "?" in text else unquote_plus(text)


def _find_sub_ids(named: Sequence[tuple[str, str]], defaults: SubIds) -> SubIds:
    values: dict[str, str] = {}
    for name, part in named:
        values.setdefault(name, part)
    one, two, three, four, five = [
        clean_text(unquote_plus(values.get(name, "").partition("=")[2]), 100) or default
        for name, default in zip(SUB_IDS, defaults, strict=True)
    ]
    return one, two, three, four, five


def _sample(requested: Sequence[str]) -> str:
    """Return the start of what was requested, without its query, which may hold personal data."""
    text = clean_text(unquote(requested[0]), _MAX_SAMPLE_LENGTH).strip()
    return text.partition("?")[0].partition("#")[0] or "to="
