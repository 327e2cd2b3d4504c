"""What the redirect has to know of a link, read for many links at once: a handful of queries, however many codes."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import F

from agreements.models import Program
from tracking import pauses
from tracking.models import Click, Link
from tracking.pauses import Pause
from tracking.redirecting.visits import SUB_IDS
from tracking.shop import shop_hosts

_MOST_CLICKS_SEEN = 100_000


class KnownLink(NamedTuple):
    """`why_not` is None where clicks are tracked; else why the link redirects without a click id (CONTRACT 4, 8)."""

    id: UUID
    target: str
    hosts: frozenset[str]
    sub_ids: tuple[str, str, str, str, str]
    why_not: Pause | None

    @property
    def tracked(self) -> bool:
        return self.why_not is None


def load(codes: Collection[str], *, now: datetime) -> dict[str, KnownLink]:
    """The links that these codes name, by code; a code that names none is left out."""
    rows = list(
        Link.objects.filter(code__in=list(codes))
        .annotate(state=F("affiliate__state"))
        .values_list("code", "id", "target", "permitted_hosts", *SUB_IDS, "affiliate_id", "state", "paused_at")
    )
    program = Program.objects.filter(pk=1).first() or Program()
    shop, reasons = shop_hosts(program), pauses.of_affiliates({row[9]: row[10] for row in rows}, program, now=now)
    return {
        row[0]: KnownLink(
            id=row[1],
            target=row[2],
            # A host that the shop has given up is led to no more, whatever the link was made with.
            hosts=frozenset(host.lower() for host in row[3]) & shop,
            sub_ids=(row[4], row[5], row[6], row[7], row[8]),
            why_not=reasons[row[9]] or (Pause.LINK if row[11] else None),
        )
        for row in rows
    }


def codes_served_since(moment: datetime) -> Iterator[str]:
    """The codes of links that any process has served since `moment`, by the clicks recorded.

    A click's id begins with its time, so that the rows are found by their primary key.
    """
    first = UUID(int=int(moment.timestamp() * 1000) << 80)
    seen = Click.objects.filter(id__gte=first).order_by("-id").values("link_id")[:_MOST_CLICKS_SEEN]
    yield from Link.objects.filter(id__in=seen).values_list("code", flat=True)
