"""The links with which affiliates publish creatives, and what they brought (specification 10)."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import Sum, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate
from creatives.models import Creative, CreativeLink
from lib.errors import NotAllowed
from tracking.links import tracking_links
from tracking.models import Link, Rollup


class Usage(NamedTuple):
    """What a creative brought, as of the last daily totals; `copies` is the number of affiliates who have its link."""

    copies: int
    clicks: int
    orders: int
    commission: Decimal


@transaction.atomic
def provide_link(*, creative: Creative, affiliate: Affiliate, now: datetime, by: User | None) -> Link:
    """Return the affiliate's own link for the creative; create it when it is first needed.

    It is named after the creative, so that reports by link show what the creative earned, and the sub-IDs stay free for
    the affiliate. Raises NotAllowed if the creative is not available, and ValidationError as `create_link` does.
    """
    # Locked, so that a withdrawal at the same time notifies this affiliate too.
    locked = Creative.objects.select_for_update().get(pk=creative.pk)
    if locked.get_state(now) != Creative.State.ACTIVE:
        raise NotAllowed(_("This creative is no longer available."))
    known = CreativeLink.objects.filter(creative=creative, affiliate=affiliate).select_related("link").first()
    if known is not None:
        return known.link
    link = tracking_links.create_link(affiliate=affiliate, target=locked.target, name=locked.title, now=now, by=by)
    CreativeLink.objects.create(creative=creative, affiliate=affiliate, link=link, created_at=now)
    return link


def find_link(creative: Creative, affiliate: Affiliate) -> Link | None:
    """Return the affiliate's link for the creative, or None if they have none yet."""
    known = CreativeLink.objects.filter(creative=creative, affiliate=affiliate).select_related("link").first()
    return known.link if known else None


def measure_usage(creative: Creative) -> Usage:
    """Return the clicks, orders and commission of all links of the creative."""
    links = CreativeLink.objects.filter(creative=creative)
    keys = links.annotate(key=Cast("link_id", TextField())).order_by().values("key")
    rows = Rollup.objects.filter(
        dimension=Rollup.Dimension.LINK, affiliate__in=links.order_by().values("affiliate"), value__in=keys
    )
    sums = rows.aggregate(clicks=Sum("clicks"), orders=Sum("orders"), commission=Sum("commission"))
    return Usage(links.count(), sums["clicks"] or 0, sums["orders"] or 0, sums["commission"] or Decimal(0))
