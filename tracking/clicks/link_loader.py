"""Load what the redirect needs to know about links, for any number of codes with a few queries."""

import logging
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from agreements.models import Program
from tracking.links import addresses, pauses
from tracking.links.pauses import PauseReason
from tracking.models import Click, Link, LinkName

log = logging.getLogger(__name__)
_MAX_CLICKS_READ = 100_000
SubIds = tuple[str, str, str, str, str]


class RedirectLink(NamedTuple):
    """A link for the redirect; `pause_reason` says why it redirects without a click id, None if clicks are tracked."""

    id: UUID
    target: str
    hosts: frozenset[str]
    sub_ids: SubIds
    pause_reason: PauseReason | None

    @property
    def is_tracked(self) -> bool:
        return self.pause_reason is None


def load_links(codes: Collection[str], *, now: datetime) -> dict[str, RedirectLink]:
    """Return {code: link} for the codes that exist, of which some may be names in any letter case."""
    rows = _select_links(codes)
    program = Program.objects.filter(pk=1).first() or Program()
    shop = addresses.get_shop_hosts(program)
    reasons = pauses.find_pause_reasons({row.affiliate_id: row.affiliate.state for row in rows}, program, now=now)
    by_code: dict[str, RedirectLink] = {}
    by_name: dict[str, RedirectLink] = {}
    for row in rows:
        if link := _build_redirect_link(row, shop, reasons[row.affiliate_id]):
            by_code[row.code] = link
            by_name |= dict.fromkeys(vars(row)["matching_names"], link)
    return {code: link for code in codes if (link := by_code.get(code) or by_name.get(code.lower()))}


def _select_links(codes: Collection[str]) -> list[Link]:
    """Return the links with one of `codes` as code or name, each with its `matching_names`, by one query."""
    names = LinkName.objects.filter(name__in={code.lower() for code in codes}).order_by()
    keys = Link.objects.filter(code__in=list(codes)).order_by().values("pk").union(names.values("link"))
    matching = ArraySubquery(names.filter(link=OuterRef("pk")).values("name"))
    return list(Link.objects.filter(pk__in=keys).annotate(matching_names=matching).select_related("affiliate"))


def _build_redirect_link(link: Link, shop: frozenset[str], pause_reason: PauseReason | None) -> RedirectLink | None:
    # Invalid data in the table must not get into a header.
    target = addresses.parse_address(link.target)
    if target is None:
        log.error("The target of link %s is not a web address", link.pk)
        return None
    return RedirectLink(
        id=link.pk,
        target=addresses.remove_parameter(target.text, settings.CLICK_ID_PARAMETER),
        # Hosts that the shop has given up are not permitted any more, even if they were when the link was created.
        hosts=frozenset(host.lower() for host in link.permitted_hosts) & shop,
        sub_ids=(link.sub1, link.sub2, link.sub3, link.sub4, link.sub5),
        pause_reason=pause_reason or (PauseReason.LINK if link.paused_at else None),
    )


def list_codes_served_since(moment: datetime) -> Iterator[str]:
    """Yield the codes and names of links that have clicks since `moment`, in any process.

    Ids of clicks start with their time, so the primary key finds the rows; `at` selects the partitions.
    """
    first = UUID(int=int(moment.timestamp() * 1000) << 80)
    seen = Click.objects.filter(at__gte=moment, id__gte=first).order_by("-id").values("link_id")[:_MAX_CLICKS_READ]
    yield from Link.objects.filter(id__in=seen).values_list("code", flat=True)
    yield from LinkName.objects.filter(link__in=seen).values_list("name", flat=True)
