"""How things stand with one affiliate now, read for their home in a handful of queries."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import (
    Count,
    DecimalField,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from affiliates.models import Affiliate, StandingChange
from compliance.models import Review, ReviewStep, TargetCheck, TargetNotice, TerminationNotice
from lib.charts import Day
from payouts.models import Adjustment, Close, Commission, PayoutDetails, PayoutHold
from payouts.reporting import reports
from payouts.reporting.figures import Figures
from payouts.reporting.spans import Span
from tracking.models import Link, Order

MONEY = DecimalField(max_digits=14, decimal_places=2)
ZERO = Value(Decimal("0.00"), MONEY)
CHART_DAYS = 90


def _first(queryset: QuerySet, field: str) -> Subquery:  # type: ignore[type-arg]  # of any model
    return Subquery(queryset.values(field)[:1])


def affiliate_today(affiliate: Affiliate, now: datetime) -> Affiliate:
    """The affiliate with all that decides what comes next, in one query: see the annotations."""
    mine = {"affiliate": OuterRef("pk")}
    details = PayoutDetails.objects.filter(**mine, entered_at__lte=now).order_by("-entered_at", "-id")
    checks = TargetCheck.objects.filter(**mine).order_by("-day")
    adjusted = Adjustment.objects.filter(**mine, state="approved", statement=None).order_by().values("affiliate")
    replied = ReviewStep.objects.filter(review=OuterRef("pk"), kind=ReviewStep.Kind.REPLY)
    to_answer = (
        Review.objects.filter(**mine, state="open", reply_by__gt=now).exclude(Exists(replied)).order_by("reply_by")
    )
    to_appeal = Review.objects.filter(**mine, state="decided", appeal_by__gt=now).exclude(decision="dismissed")
    return Affiliate.objects.annotate(
        has_link=Exists(Link.objects.filter(**mine)),
        rejected_channels=Subquery(
            Affiliate.objects.filter(pk=OuterRef("pk"))
            .annotate(n=Count("channels", filter=Q(channels__state="rejected")))
            .values("n"),
            output_field=IntegerField(),
        ),
        details_usable_from=_first(details.filter(confirmed_at__isnull=False), "usable_from"),
        payouts_held=_first(PayoutHold.objects.filter(**mine, released_at=None), "reason"),
        adjusted=Coalesce(Subquery(adjusted.annotate(sum=Sum("amount")).values("sum"), MONEY), ZERO),
        target_answer=_first(checks, "answer"),
        target_counted=_first(checks, "orders"),
        target_wanted=_first(checks, "target"),
        target_from=_first(checks, "window_from"),
        cure_by=_first(TargetNotice.objects.filter(**mine, state="running"), "cure_by"),
        review_to_answer=_first(to_answer, "pk"),
        review_reply_by=_first(to_answer, "reply_by"),
        review_to_appeal=_first(to_appeal, "pk"),
        review_appeal_by=_first(to_appeal, "appeal_by"),
        notice_from=_first(TerminationNotice.objects.filter(**mine, state="running"), "takes_effect_at"),
        last_reason=_first(StandingChange.objects.filter(**mine).order_by("-at", "-id"), "reason"),
        last_clause=_first(StandingChange.objects.filter(**mine).order_by("-at", "-id"), "clause"),
        last_close=Subquery(Close.objects.order_by("-period").values("period")[:1]),
    ).get(pk=affiliate.pk)


def last_orders(affiliate: Affiliate) -> QuerySet[Order]:
    """The five newest orders, each with the sum of its commissions."""
    mine = Commission.objects.for_affiliate(affiliate).filter(order=OuterRef("pk")).order_by().values("order")
    earned = Coalesce(Subquery(mine.annotate(sum=Sum("amount")).values("sum")), ZERO)
    return Order.objects.for_affiliate(affiliate).annotate(commission=earned).order_by("-placed_at", "-id")[:5]


def by_day(affiliate: Affiliate, zone: ZoneInfo, now: datetime) -> list[Day]:
    """Commissions by the day on which their order was placed, for the last 90 days of the program's `zone`."""
    today = now.astimezone(zone).date()
    days = Span(today - timedelta(days=CHART_DAYS - 1), today)
    found = reports.by_day(affiliate=affiliate, span=days, zone=zone)
    return [Day(day, found.get(day, Figures()).commission) for day in days.each()]
