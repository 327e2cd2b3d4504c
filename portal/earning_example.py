"""The earning example of the landing page, calculated from the terms in force (specification 1)."""

from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from agreements.models import AgreementVersion, Rate
from lib.money import calculate_share

# The goods of one order, in the program's currency.
ORDER_AMOUNT = Decimal("80.00")


class EarningExample(NamedTuple):
    """What one order earns; `is_capped` if by the cap per order, `orders_needed` for a payout, 0 if that is never."""

    category: str
    amount: Decimal
    percent: Decimal
    commission: Decimal
    is_capped: bool
    orders_needed: int


def calculate_example(agreement: AgreementVersion, rates: list[Rate]) -> EarningExample | None:
    """Return the example for the category with the highest rate; None without rates.

    Of several categories with that rate, one with a name goes before "everything else".
    """
    if not rates:
        return None
    rate = max(rates, key=lambda each: (each.percent, not each.everything_else))
    full = calculate_share(ORDER_AMOUNT, rate.percent)
    cap = agreement.order_commission_cap
    commission = full if cap is None else min(full, cap)
    needed = _count_orders(agreement.payout_minimum, commission)
    return EarningExample(rate.name, ORDER_AMOUNT, rate.percent, commission, commission < full, needed)


def _count_orders(minimum: Decimal, commission: Decimal) -> int:
    """Return how many commissions make a payout; 0 if no number of them does."""
    if not commission:
        return 0
    return max(1, int((minimum / commission).to_integral_value(ROUND_CEILING)))
