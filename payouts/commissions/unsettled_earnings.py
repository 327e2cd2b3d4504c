"""What an affiliate who declines a version or leaves keeps: the balance and unsettled commissions (specification 2)."""

from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from affiliates.models import Affiliate
from lib.money import ZERO
from payouts.ledger import booking
from payouts.models import Commission, StatementLine


class UnsettledEarnings(NamedTuple):
    """The balance, and commissions less what closes have settled of them, in the program's currency."""

    balance: Decimal
    unsettled: Decimal


def get_total_unsettled() -> Decimal:
    """Return the commissions of all affiliates less what closes have settled of them, including held ones."""
    earned = Commission.objects.aggregate(sum=Sum("amount"))["sum"] or ZERO
    return earned - (StatementLine.objects.aggregate(sum=Sum("amount"))["sum"] or ZERO)


def get_unsettled_earnings(affiliate: Affiliate) -> UnsettledEarnings:
    """Return the affiliate's balance and unsettled commissions, including held ones."""
    earned = Commission.objects.for_affiliate(affiliate).aggregate(sum=Sum("amount"))["sum"] or ZERO
    lines = StatementLine.objects.filter(statement__affiliate=affiliate)
    return UnsettledEarnings(
        booking.get_balance(affiliate), earned - (lines.aggregate(sum=Sum("amount"))["sum"] or ZERO)
    )
