"""What an affiliate's page of links lists: each link with what came of it."""

from datetime import datetime

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from affiliates.models import Affiliate
from agreements.models import Program
from tracking import pauses
from tracking.models import Click, Link, Order, Status
from tracking.pauses import Pause


def of(affiliate: Affiliate) -> QuerySet[Link]:
    """The affiliate's links, newest first, with the clicks that count and the orders that came by them."""
    clicks = Click.objects.filter(link=OuterRef("pk"), kind=Click.Kind.COUNTED).order_by()
    orders = Order.objects.for_affiliate(affiliate).filter(link=OuterRef("pk")).order_by()
    return Link.objects.for_affiliate(affiliate).annotate(
        clicks_counted=_count(clicks), orders_made=_count(orders.exclude(status=Status.CANCELLED))
    )


def why_all_pause(affiliate: Affiliate, *, now: datetime) -> Pause | None:
    """Why none of the affiliate's links is tracked at the moment; None where they are."""
    program = Program.objects.filter(pk=1).first() or Program()
    return pauses.of_affiliates({affiliate.pk: affiliate.state}, program, now=now)[affiliate.pk]


def _count(rows: QuerySet[Click] | QuerySet[Order]) -> Coalesce:
    counted = rows.values("link").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
