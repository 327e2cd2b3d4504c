"""What the redirect has to know of a link, read for many links at once: a handful of queries, however many codes."""

import logging
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from agreements.models import Program
from tracking.links import addresses, pauses
from tracking.links.pauses import PauseReason
from tracking.links.shop_hosts import get_shop_hosts
from tracking.models import Click, Link

log = logging.getLogger(__name__)
_MAX_CLICKS_READ = 100_000
SubIds = tuple[str, str, str, str, str]


class RedirectLink(NamedTuple):
    """`pause_reason` is None where clicks are tracked; else why the link redirects without a click id (CONTRACT 4, 8)."""

    id: UUID
    target: str
    hosts: frozenset[str]
    sub_ids: SubIds
    pause_reason: PauseReason | None

    @property
    def is_tracked(self) -> bool:
        return self.pause_reason is None


def load_links(codes: Collection[str], *, now: datetime) -> dict[str, RedirectLink]:
    """The links that these codes name, by code; a code that names none is left out."""
    rows = list(Link.objects.filter(code__in=list(codes)).select_related("affiliate"))
    program = Program.objects.filter(pk=1).first() or Program()
    shop = get_shop_hosts(program)
    reasons = pauses.find_pause_reasons({row.affiliate_id: row.affiliate.state for row in rows}, program, now=now)
    known = {row.code: _build_redirect_link(row, shop, reasons[row.affiliate_id]) for row in rows}
    return {code: link for code, link in known.items() if link is not None}


def _build_redirect_link(link: Link, shop: frozenset[str], pause_reason: PauseReason | None) -> RedirectLink | None:
    # Whatever got into the table past `tracking.links.tracking_links`, it must not get into a header.
    target = addresses.parse_address(link.target)
    if target is None:
        log.error("link %s leads to no web address", link.pk)
        return None
    return RedirectLink(
        id=link.pk,
        target=target.text,
        # A host that the shop has given up is led to no more, whatever the link was made with.
        hosts=frozenset(host.lower() for host in link.permitted_hosts) & shop,
        sub_ids=(link.sub1, link.sub2, link.sub3, link.sub4, link.sub5),
        pause_reason=pause_reason or (PauseReason.LINK if link.paused_at else None),
    )


def list_codes_served_since(moment: datetime) -> Iterator[str]:
    """The codes of links that any process has served since `moment`, by the clicks recorded.

    A click's id begins with its time, so that the rows are found by their primary key; `at` says in which months.
    """
    first = UUID(int=int(moment.timestamp() * 1000) << 80)
    seen = Click.objects.filter(at__gte=moment, id__gte=first).order_by("-id").values("link_id")[:_MAX_CLICKS_READ]
    yield from Link.objects.filter(id__in=seen).values_list("code", flat=True)
