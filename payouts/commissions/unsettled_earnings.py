"""What an affiliate who declines or leaves keeps (CONTRACT 2): their balance, and what is not settled yet."""

from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from affiliates.models import Affiliate
from lib.money import ZERO
from payouts.ledger import booking
from payouts.models import Commission, StatementLine


class UnsettledEarnings(NamedTuple):
    """In the program's currency: the balance, and what commissions are worth beyond what closes have settled of them."""

    balance: Decimal
    unsettled: Decimal


def get_unsettled_earnings(affiliate: Affiliate) -> UnsettledEarnings:
    """The balance, and the sum of all commissions less what closes have settled of them; held ones are among these."""
    earned = Commission.objects.for_affiliate(affiliate).aggregate(sum=Sum("amount"))["sum"] or ZERO
    lines = StatementLine.objects.filter(statement__affiliate=affiliate)
    return UnsettledEarnings(
        booking.get_balance(affiliate), earned - (lines.aggregate(sum=Sum("amount"))["sum"] or ZERO)
    )
