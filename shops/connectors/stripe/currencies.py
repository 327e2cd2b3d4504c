"""Stripe's minor units: how many decimals an amount has in each currency. Pure."""

from decimal import Decimal

# https://docs.stripe.com/currencies, "Zero-decimal currencies". MGA is among them although ISO 4217 gives it two.
_WITHOUT_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
# The same page, "Three-decimal currencies".
_THREE_DECIMALS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
# "Special cases" of that page need no entry: ISK and UGX have no decimals any more but are still sent with two, HUF and
# TWD are charged with two and only paid out without.


def convert_minor_units(amount: int, currency: str) -> Decimal:
    """Return an amount of Stripe in units of its currency, an ISO 4217 code in capitals."""
    if currency in _WITHOUT_DECIMALS:
        return Decimal(amount)
    return Decimal(amount).scaleb(-3 if currency in _THREE_DECIMALS else -2)
