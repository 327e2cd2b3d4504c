"""What the redirect has to know of a link, read for many links at once: a handful of queries, however many codes."""

import logging
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from agreements.models import Program
from tracking.links import addresses, pauses
from tracking.links.pauses import Pause
from tracking.links.shop_hosts import shop_hosts
from tracking.models import Click, Link

log = logging.getLogger(__name__)
_MOST_CLICKS_SEEN = 100_000
SubIds = tuple[str, str, str, str, str]


class KnownLink(NamedTuple):
    """`why_not` is None where clicks are tracked; else why the link redirects without a click id (CONTRACT 4, 8)."""

    id: UUID
    target: str
    hosts: frozenset[str]
    sub_ids: SubIds
    why_not: Pause | None

    @property
    def tracked(self) -> bool:
        return self.why_not is None


def load(codes: Collection[str], *, now: datetime) -> dict[str, KnownLink]:
    """The links that these codes name, by code; a code that names none is left out."""
    rows = list(Link.objects.filter(code__in=list(codes)).select_related("affiliate"))
    program = Program.objects.filter(pk=1).first() or Program()
    shop = shop_hosts(program)
    reasons = pauses.of_affiliates({row.affiliate_id: row.affiliate.state for row in rows}, program, now=now)
    known = {row.code: _known(row, shop, reasons[row.affiliate_id]) for row in rows}
    return {code: link for code, link in known.items() if link is not None}


def _known(link: Link, shop: frozenset[str], why_not: Pause | None) -> KnownLink | None:
    # Whatever got into the table past `tracking.links.tracking_links`, it must not get into a header.
    target = addresses.parse(link.target)
    if target is None:
        log.error("link %s leads to no web address", link.pk)
        return None
    return KnownLink(
        id=link.pk,
        target=target.text,
        # A host that the shop has given up is led to no more, whatever the link was made with.
        hosts=frozenset(host.lower() for host in link.permitted_hosts) & shop,
        sub_ids=(link.sub1, link.sub2, link.sub3, link.sub4, link.sub5),
        why_not=why_not or (Pause.LINK if link.paused_at else None),
    )


def codes_served_since(moment: datetime) -> Iterator[str]:
    """The codes of links that any process has served since `moment`, by the clicks recorded.

    A click's id begins with its time, so that the rows are found by their primary key; `at` says in which months.
    """
    first = UUID(int=int(moment.timestamp() * 1000) << 80)
    seen = Click.objects.filter(at__gte=moment, id__gte=first).order_by("-id").values("link_id")[:_MOST_CLICKS_SEEN]
    yield from Link.objects.filter(id__in=seen).values_list("code", flat=True)
