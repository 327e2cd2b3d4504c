"""What an affiliate's home shows of their current state, read in a handful of queries."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import (
    Count,
    DecimalField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from affiliates.models import Affiliate, StatusChange
from compliance.models import Review, ReviewEvent, TargetCheck, TargetNotice, TerminationNotice
from lib.charts import Day
from lib.subqueries import find_first, sum_amounts
from messaging.notifications import build_unread_count
from payouts.closing.payout_eligibility import annotate_payout_facts
from payouts.models import Commission, CommissionHold, Payout, Statement
from payouts.reporting import reports
from payouts.reporting.figures import Figures
from payouts.reporting.spans import Span
from tracking.models import Coupon, Link, Order

MONEY = DecimalField(max_digits=14, decimal_places=2)
ZERO = Value(Decimal("0.00"), MONEY)
CHART_DAYS = 90


class MonthFigures(NamedTuple):
    """Commissions by day of order: this month to today, the month before to the same day, and that month in all."""

    now: Decimal
    before: Decimal
    before_until: date
    before_in_all: Decimal = Decimal("0.00")


def get_affiliate_summary(affiliate: Affiliate, now: datetime) -> Any:
    """Return the affiliate, annotated in one query with everything that decides their next steps."""
    own = {"affiliate": OuterRef("pk")}
    checks = TargetCheck.objects.filter(**own).order_by("-day")
    replied = ReviewEvent.objects.filter(review=OuterRef("pk"), kind=ReviewEvent.Kind.REPLY)
    to_answer = Review.objects.filter(**own).with_reply_due(now).order_by("reply_by")
    questioned = Review.objects.filter(**own).with_open_question()
    payouts = Payout.objects.filter(**own).order_by().values("affiliate")
    preparing = Payout.objects.filter(**own).being_prepared(is_outdated=False).order_by().values("affiliate")
    outdated = Payout.objects.filter(**own).being_prepared(is_outdated=True).order_by().values("affiliate")
    sent = payouts.filter(state=Payout.State.SENT)
    to_decide = Review.objects.filter(Exists(replied), **own, state="open").order_by("decide_by")
    came_back = Payout.objects.filter(**own).unanswered()
    statements = Statement.objects.filter(**own).order_by("-number")
    to_appeal = Review.objects.filter(**own, state="decided", appeal_by__gt=now).exclude(decision="dismissed")
    return (
        annotate_payout_facts(Affiliate.objects.all(), now)
        .annotate(
            has_coupon=Exists(Coupon.objects.filter(**own).exclude(assigned_until__lte=now)),
            has_link=Exists(Link.objects.filter(**own)),
            rejected_channels=Subquery(
                Affiliate.objects.filter(pk=OuterRef("pk"))
                .annotate(n=Count("channels", filter=Q(channels__state="rejected")))
                .values("n"),
                output_field=IntegerField(),
            ),
            preparing_sum=sum_amounts(preparing, "affiliate"),
            preparing_count=Coalesce(Subquery(preparing.annotate(n=Count("pk")).values("n")), 0),
            outdated_sum=sum_amounts(outdated, "affiliate"),
            sent_sum=sum_amounts(sent, "affiliate"),
            sent_count=Coalesce(Subquery(sent.annotate(n=Count("pk")).values("n")), 0),
            paid_sum=sum_amounts(payouts.filter(state="paid"), "affiliate"),
            target_status=find_first(checks, "result"),
            target_orders_counted=find_first(checks, "orders"),
            target_orders_required=find_first(checks, "target"),
            target_window_from=find_first(checks, "window_from"),
            cure_by=find_first(TargetNotice.objects.filter(**own, state="running"), "cure_by"),
            review_to_reply=find_first(to_answer, "pk"),
            review_reply_by=find_first(to_answer, "reply_by"),
            review_to_decide=find_first(to_decide, "pk"),
            review_decide_by=find_first(to_decide, "decide_by"),
            came_back_amount=find_first(came_back, "amount"),
            came_back_at=find_first(came_back, "returned_at"),
            came_back_because=find_first(came_back, "failure"),
            came_back_account=find_first(came_back, "details__masked"),
            statement_pk=find_first(statements, "pk"),
            statement_month=find_first(statements, "close__period"),
            statement_earned=find_first(statements.annotate(sum=F("settled") + F("adjustments")), "sum"),
            review_with_question=find_first(questioned, "pk"),
            review_to_appeal=find_first(to_appeal, "pk"),
            review_appeal_by=find_first(to_appeal, "appeal_by"),
            termination_takes_effect_at=find_first(
                TerminationNotice.objects.filter(**own, state="running"), "takes_effect_at"
            ),
            last_status_reason=find_first(StatusChange.objects.filter(**own).order_by("-at", "-id"), "reason"),
            last_status_clause=find_first(StatusChange.objects.filter(**own).order_by("-at", "-id"), "clause"),
            has_taken_part=Exists(StatusChange.objects.participation().filter(**own)),
            unread_notifications=build_unread_count(),
        )
        .get(pk=affiliate.pk)
    )


def list_newest_orders(affiliate: Affiliate) -> QuerySet[Order]:
    """Return the affiliate's five newest orders, each with the sum of its commissions and whether one is held."""
    own = Commission.objects.for_affiliate(affiliate).filter(order=OuterRef("pk")).order_by().values("order")
    earned = Coalesce(Subquery(own.annotate(sum=Sum("amount")).values("sum")), ZERO)
    held = CommissionHold.objects.filter(commission__order=OuterRef("pk"), released_at=None)
    rows = Order.objects.for_affiliate(affiliate).annotate(commission=earned, is_held=Exists(held))
    return rows.order_by("-placed_at", "-id")[:5]


def list_daily_commissions(affiliate: Affiliate, zone: ZoneInfo, now: datetime) -> list[Day]:
    """Return the commissions of the last 90 days by the day of order, in the program's time zone `zone`."""
    today = now.astimezone(zone).date()
    days = Span(today - timedelta(days=CHART_DAYS - 1), today)
    figures = reports.get_daily_figures(affiliate=affiliate, span=days, zone=zone)
    return [Day(day, figures.get(day, Figures()).commission) for day in days.iter_days()]


def compare_months(days: Sequence[Day]) -> MonthFigures:
    """Return the figures of the last day's month; `days` reach back to the start of the month before."""
    today = days[-1].day
    first = today.replace(day=1)
    before_from = (first - timedelta(days=1)).replace(day=1)
    # The 31st is compared with all of a shorter month.
    before_until = min(before_from + (today - first), first - timedelta(days=1))
    return MonthFigures(
        sum((day.amount for day in days if first <= day.day), Decimal("0.00")),
        sum((day.amount for day in days if before_from <= day.day <= before_until), Decimal("0.00")),
        before_until,
        sum((day.amount for day in days if before_from <= day.day < first), Decimal("0.00")),
    )
