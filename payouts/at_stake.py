"""What an affiliate who declines or leaves keeps (CONTRACT 2): their balance, and what is not settled yet."""

from django.db.models import Sum

from affiliates.models import Affiliate
from agreements.at_stake import AtStake
from payouts import ledger
from payouts.models import Commission, StatementLine
from payouts.rounding import ZERO


def at_stake(affiliate: Affiliate) -> AtStake:
    """The balance, and the sum of all commissions less what closes have settled of them; held ones are among these."""
    earned = Commission.objects.for_affiliate(affiliate).aggregate(sum=Sum("amount"))["sum"] or ZERO
    lines = StatementLine.objects.filter(statement__affiliate=affiliate)
    return AtStake(ledger.balance(affiliate), earned - (lines.aggregate(sum=Sum("amount"))["sum"] or ZERO))
