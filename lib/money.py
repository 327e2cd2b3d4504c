"""The one place where money is rounded (CONTRACT 3): once an order line, to the cent, half away from zero."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
HUNDRED = Decimal(100)


def round_to_cents(amount: Decimal) -> Decimal:
    """`amount` with two places, half away from zero, as PostgreSQL's round(numeric, 2) does."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def calculate_share(base: Decimal, percent: Decimal) -> Decimal:
    """`percent` per cent of `base`, rounded once."""
    return round_to_cents(base * percent / HUNDRED)
