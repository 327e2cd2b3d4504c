"""Rounding of money: once per order line, to the cent, half away from zero (specification 3)."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
HUNDRED = Decimal(100)


def round_to_cents(amount: Decimal) -> Decimal:
    """Return `amount` rounded to two decimals, half away from zero, as PostgreSQL's round(numeric, 2) does."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def calculate_share(base: Decimal, percent: Decimal) -> Decimal:
    """Return `percent` percent of `base`, rounded to cents."""
    return round_to_cents(base * percent / HUNDRED)
