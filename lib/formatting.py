"""Moments and stretches of time as text, for e-mails, documents and answers; pages show moments by the template filters."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class HasTimeZone(Protocol):
    """A person who reads times by the clocks of a zone of their own."""

    time_zone: str


def format_datetime(at: datetime, zone: str = "UTC") -> str:
    """ "3 February 2011, 08:26 UTC": in the reader's zone, which is named."""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = at.astimezone(ZoneInfo("UTC"))
    return f"{date_format(local, 'j F Y, H:i')} {local.tzname()}"


def format_datetime_for(at: datetime, affiliate: HasTimeZone) -> str:
    """`at` in the zone that `affiliate` has chosen."""
    return format_datetime(at, affiliate.time_zone)


def format_duration(stretch: timedelta) -> str:
    """ "4 days 2 hours": the two largest units of a stretch of time, without what is left over; days have 24 hours."""
    hours, seconds = divmod(stretch.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    units = (stretch.days, hours, minutes, seconds)
    words = (
        ngettext("%d day", "%d days", units[0]) % units[0],
        ngettext("%d hour", "%d hours", units[1]) % units[1],
        ngettext("%d minute", "%d minutes", units[2]) % units[2],
        ngettext("%d second", "%d seconds", units[3]) % units[3],
    )
    first = next((place for place, number in enumerate(units) if number), None)
    if first is None:
        return _("less than a second")
    told = [word for number, word in zip(units, words, strict=True) if number]
    beside = first + 1 < len(units) and units[first + 1]
    return " ".join(told[:2] if beside else told[:1])


def format_money(amount: Decimal, currency: str) -> str:
    """ "1,234.50 USD": two places and the currency, always (CONTRACT 3)."""
    return f"{amount:,.2f} {currency}".replace("-", "\u2212")


def format_day(at: datetime | None, affiliate: HasTimeZone) -> str:
    """ "3 February 2011": the day in the zone that `affiliate` has chosen; "" for None."""
    return format_datetime(at, affiliate.time_zone).partition(",")[0] if at else ""


def format_category(slug: str) -> str:
    """A category's name as people read it: "home-decor" as "Home decor"."""
    return slug.replace("-", " ").capitalize()


def format_month(first_day: date) -> str:
    """ "January 2011"."""
    return date_format(first_day, "F Y")
