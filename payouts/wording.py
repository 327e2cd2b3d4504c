"""Amounts and moments as text, for e-mails and documents; pages use the template filters."""

from datetime import date, datetime
from decimal import Decimal

from django.utils.formats import date_format

from affiliates.models import Affiliate
from affiliates.moments import moment, moment_for

__all__ = ["day", "moment", "moment_for", "money", "month"]


def money(amount: Decimal, currency: str) -> str:
    """ "1,234.50 USD": two places and the currency, always (CONTRACT 3)."""
    return f"{amount:,.2f} {currency}".replace("-", "\u2212")


def day(at: datetime | None, affiliate: Affiliate) -> str:
    """ "3 February 2011": the day in the zone that `affiliate` has chosen; "" for None."""
    return moment(at, affiliate.time_zone).partition(",")[0] if at else ""


def category(slug: str) -> str:
    """A category's name as people read it: "home-decor" as "Home decor"."""
    return slug.replace("-", " ").capitalize()


def month(first_day: date) -> str:
    """ "January 2011"."""
    return date_format(first_day, "F Y")
