"""What the next close does with the commissions of one order (specification 6.1 and 6.3)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from lib.money import ZERO
from payouts.closing.payout_forecast import PayoutForecast
from payouts.reporting.order_page import CommissionLine, get_settled_amount


class OrderPayout(NamedTuple):
    """The part of the balance at the next close that is of this order, 0.00 not included."""

    amount: Decimal
    forecast: PayoutForecast


def find_order_payout(lines: Sequence[CommissionLine], forecast: PayoutForecast | None) -> OrderPayout | None:
    """Return what the next close counts of the order; None if it counts nothing, as while it is pending or held."""
    if forecast is None:
        return None
    amount = sum((_get_next_amount(line, forecast) for line in lines), ZERO)
    return OrderPayout(amount, forecast) if amount else None


def _get_next_amount(line: CommissionLine, forecast: PayoutForecast) -> Decimal:
    commission = line.commission
    in_balance = sum((row.amount for row in line.settlements if row.is_in_balance), ZERO)
    rest = commission.amount - get_settled_amount(commission)
    if rest > 0 and commission.holds.all():
        return in_balance
    validates_at = commission.validates_at
    is_due = bool(line.settlements) or (validates_at is not None and validates_at < forecast.close.month.ends_at)
    return in_balance + rest if is_due else in_balance
