"""Arithmetic of shops' amounts: exact, rounded once, half away from zero (specification 11). Pure."""

from collections.abc import Sequence
from decimal import Decimal

from lib.money import CENT, ZERO, round_to_cents


def spread(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split `total` in proportion to the weights, in cents that sum to it exactly; no share exceeds its weight.

    `total` is cut to the sum of the weights, and at least 0. Cents that rounding leaves over go to the largest
    remainders, the first of equal ones.
    """
    whole = sum(weights, ZERO)
    total = min(max(round_to_cents(total), ZERO), whole)
    if not total:
        return [ZERO for _weight in weights]
    exact = [total * weight / whole for weight in weights]
    shares = [share // CENT * CENT for share in exact]
    left = int((total - sum(shares, ZERO)) / CENT)
    by_remainder = sorted(range(len(weights)), key=lambda i: shares[i] - exact[i])
    for i in by_remainder[:left]:
        shares[i] += CENT
    return shares


def take_share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return the share of `amount` that `part` is of `whole`, in cents; 0 if the whole is 0."""
    return round_to_cents(amount * part / whole) if whole else ZERO


def format_amount(amount: Decimal) -> str:
    """Return an amount as snapshots have it: at least 0, two decimals."""
    return f"{max(round_to_cents(amount), ZERO):.2f}"
