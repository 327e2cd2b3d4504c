"""What the payout threshold of an agreement version would have changed in months that are closed (specification 2)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, F, QuerySet, Sum

from affiliates.models import Affiliate, State
from agreements.models import AgreementVersion
from lib.money import ZERO
from payouts.closing.carry_over import CarryOverReason
from payouts.closing.replay import histories
from payouts.models import Close, Statement

# The number of affiliates that are listed.
MAX_LISTED = 20


class AffectedAffiliate(NamedTuple):
    """An affiliate with postponed payouts: how many, and their sum."""

    affiliate: Affiliate
    payouts: int
    amount: Decimal


class ThresholdBacktest(NamedTuple):
    """The closed months that were compared, and the payouts that would have come later, or earlier, with their sums.

    Each month is compared on its own: what a postponed payout adds to the next balance is not counted.
    """

    closes: int
    postponed: int
    postponed_amount: Decimal
    postponed_affiliates: int
    most_postponed: Sequence[AffectedAffiliate]
    advanced: int
    advanced_amount: Decimal


def backtest_threshold(*, agreement: AgreementVersion, since: datetime, until: datetime) -> ThresholdBacktest:
    """Apply the threshold of `agreement` to the statements of the months that were closed from `since` to `until`."""
    closes = list(Close.objects.filter(closed_at__gte=since, closed_at__lt=until))
    minimum = agreement.payout_minimum
    postponed = Statement.objects.filter(pk__in=[pk for close in closes for pk in _list_postponed(close, minimum)])
    by_affiliate = postponed.values("affiliate").annotate(sum=Sum("payout"), payouts=Count("pk"))
    listed = list(by_affiliate.order_by("-sum", "affiliate_id")[:MAX_LISTED])
    affiliates = Affiliate.objects.in_bulk([row["affiliate"] for row in listed])
    advanced = _sum(
        Statement.objects.filter(close__in=closes, reasons=[CarryOverReason.BELOW_MINIMUM.value], closing__gte=minimum),
        "closing",
    )
    number, amount = _sum(postponed, "payout")
    return ThresholdBacktest(
        closes=len(closes),
        postponed=number,
        postponed_amount=amount,
        postponed_affiliates=postponed.values("affiliate").distinct().count(),
        most_postponed=[AffectedAffiliate(affiliates[row["affiliate"]], row["payouts"], row["sum"]) for row in listed],
        advanced=advanced[0],
        advanced_amount=advanced[1],
    )


def _list_postponed(close: Close, minimum: Decimal) -> list[UUID]:
    """Return the statements of a close whose payout reached the threshold of then, but not `minimum`."""
    paid = Statement.objects.filter(
        close=close, payout__gt=0, payout__lt=minimum, payout__gte=F("agreement__payout_minimum")
    )
    statements = dict(paid.values_list("affiliate_id", "pk"))
    if not statements:
        return []
    final = histories.list_ended_affiliates(close.closed_at)
    for affiliate_id, change in histories.get_last_changes(statements, close.closed_at).items():
        if change.after == State.TERMINATED:
            final.add(affiliate_id)
    return [pk for affiliate_id, pk in statements.items() if affiliate_id not in final]


def _sum(statements: QuerySet[Statement], field: str) -> tuple[int, Decimal]:
    sums = statements.order_by().aggregate(number=Count("pk"), total=Sum(field))
    return sums["number"], sums["total"] or ZERO
