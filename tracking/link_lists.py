"""Lists of an affiliate's links with their clicks and orders."""

from datetime import datetime

from django.db.models import BigIntegerField, Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from affiliates.models import Affiliate
from agreements.models import Program
from tracking.clicks.rollups import HORIZON_SQL
from tracking.links import pauses
from tracking.links.pauses import PauseReason
from tracking.models import Link, Order, Status

# From rollups, which outlive the clicks, and from clicks after their last update. The inner query is the same for all
# links, so that PostgreSQL runs it once.
_CLICKS = f"""
    COALESCE(((
        SELECT JSONB_OBJECT_AGG(link, clicks) FROM (
            SELECT link, SUM(clicks) AS clicks FROM (
                SELECT value AS link, clicks FROM tracking_rollup WHERE affiliate_id = %s AND dimension = 'link'
                 UNION ALL
                SELECT c.link_id::text, 1 FROM tracking_click c JOIN tracking_link l ON l.id = c.link_id
                 WHERE l.affiliate_id = %s AND c.kind = 'counted' AND c.transaction >= {HORIZON_SQL}
            ) AS each GROUP BY link
        ) AS every
    ) ->> tracking_link.id::text)::bigint, 0)
"""  # noqa: S608


def list_links_with_counts(affiliate: Affiliate) -> QuerySet[Link]:
    """Return the affiliate's links, newest first, with `click_count` and `order_count` (without cancelled orders)."""
    clicks = RawSQL(_CLICKS, [affiliate.pk, affiliate.pk], output_field=BigIntegerField())  # noqa: S611  # nosec B611
    orders = Order.objects.for_affiliate(affiliate).filter(link=OuterRef("pk")).exclude(status=Status.CANCELLED)
    counted = orders.order_by().values("link").annotate(count=Count("pk")).values("count")
    order_count = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    return Link.objects.for_affiliate(affiliate).annotate(click_count=clicks, order_count=order_count)


def find_affiliate_pause(affiliate: Affiliate, *, now: datetime) -> PauseReason | None:
    """Return why none of the affiliate's links is tracked at `now`, or None if they are."""
    program = Program.objects.filter(pk=1).first() or Program()
    return pauses.find_pause_reasons({affiliate.pk: affiliate.state}, program, now=now)[affiliate.pk]
