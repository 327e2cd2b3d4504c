"""The amounts of an order's lines, from what a shop's export says about the order as a whole (specification 11).

Pure arithmetic. An amount of a line is after discounts, without shipping and tax.
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from lib.money import CENT, ZERO, round_to_cents


def allocate(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Divide `total` in proportion to `weights`, in whole cents that add up to `total`.

    The cents that remain go to the largest fractions, the first of equals.
    """
    whole = sum(weights, ZERO)
    if not whole:
        return [total if index == 0 else ZERO for index in range(len(weights))]
    exact = [total * weight / whole for weight in weights]
    shares = [share.quantize(CENT, ROUND_FLOOR) for share in exact]
    left = int((total - sum(shares, ZERO)) / CENT)
    by_fraction = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    for index in by_fraction[:left]:
        shares[index] += CENT
    return shares


def compute_goods(*, subtotal: Decimal, shipping: Decimal, tax: Decimal, total: Decimal) -> Decimal:
    """Return what the customer paid for the goods of an order, without tax.

    `subtotal` is after discounts. Prices include the tax if `total` is less than goods, shipping and tax
    together; then the goods have their proportion of it.
    """
    if tax and subtotal + shipping and total < subtotal + shipping + tax:
        return round_to_cents(subtotal - tax * subtotal / (subtotal + shipping))
    return subtotal


def spread_refund(refunded: Decimal, *, total: Decimal, amounts: Sequence[Decimal]) -> list[Decimal]:
    """Return what was refunded of each line, for a refund that covers goods, tax and shipping in proportion."""
    goods = sum(amounts, ZERO)
    if refunded >= total or not total:
        return list(amounts) if refunded else [ZERO] * len(amounts)
    return allocate(min(goods, round_to_cents(refunded * goods / total)), amounts)
