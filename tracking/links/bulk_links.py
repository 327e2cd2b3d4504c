"""Many links at once, from pasted addresses (specification 4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from tracking.links.link_fields import (
    check_can_promote,
    clean_sub_ids,
    clean_target,
    clean_text,
    get_permitted_hosts,
)
from tracking.links.tracking_links import check_limit, find_taken, generate_code
from tracking.models import Link

MAX_LINES = 200


class PastedLine(NamedTuple):
    """A line that is not blank: its number, its text, and the destination, or why there can be no link to it."""

    number: int
    text: str
    target: str
    error: str


def read_lines(text: str) -> list[PastedLine]:
    """Return the lines of `text`, checked. Raises ValidationError if there are none or too many, or no shop yet."""
    hosts = get_permitted_hosts()
    pasted = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not pasted:
        raise ValidationError({"addresses": _("Enter at least one address.")})
    if len(pasted) > MAX_LINES:
        text = _("Enter at most %(limit)d addresses at once. These are %(count)d.")
        raise ValidationError({"addresses": text % {"limit": MAX_LINES, "count": len(pasted)}})
    lines: list[PastedLine] = []
    first: dict[str, int] = {}
    for number, line in pasted:
        lines.append(_read_line(number, line, hosts, first))
    return lines


def _read_line(number: int, text: str, hosts: frozenset[str], first: dict[str, int]) -> PastedLine:
    try:
        target = clean_target(text, hosts)
    except ValidationError as error:
        return PastedLine(number, text, "", " ".join(error.messages))
    if target in first:
        return PastedLine(number, text, "", _("The same address as in line %(line)d.") % {"line": first[target]})
    first[target] = number
    return PastedLine(number, text, target, "")


@transaction.atomic
def create_links(
    *, affiliate: Affiliate, targets: Sequence[str], name: str = "", sub_ids: Sequence[str] = (), now: datetime
) -> list[Link]:
    """Create a link to each of the checked `targets`, all of them or none. They have `now` as their `created_at`.

    All have the same name and sub-IDs. Raises ValidationError by field for a name or sub-ID that is too long, for
    inactive affiliates, and if that would be too many links.
    """
    check_can_promote(affiliate)
    fields = {"name": clean_text(name, "name"), **clean_sub_ids(sub_ids)}
    check_limit(affiliate, len(targets))
    hosts = sorted(get_permitted_hosts())
    codes = _find_free_codes(len(targets))
    return Link.objects.bulk_create(
        Link(affiliate=affiliate, code=code, target=target, permitted_hosts=hosts, created_at=now, **fields)
        for code, target in zip(codes, targets, strict=True)
    )


def _find_free_codes(count: int) -> list[str]:
    codes: set[str] = set()
    while len(codes) < count:
        codes |= {generate_code() for _place in range(count - len(codes))}
        codes -= find_taken(codes)
    return sorted(codes)
