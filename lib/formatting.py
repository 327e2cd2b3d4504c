"""Dates, times, durations, money and categories as text, for pages, e-mails and documents."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class HasTimeZone(Protocol):
    """An affiliate, or anyone else with a time zone of their own."""

    time_zone: str


def format_datetime(at: datetime, zone: str = "UTC") -> str:
    """Return the time in `zone`, with the name of the zone: "3 February 2011, 08:26 UTC"."""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = at.astimezone(ZoneInfo("UTC"))
    return f"{date_format(local, 'j F Y, H:i')} {local.tzname()}"


def format_datetime_for(at: datetime, affiliate: HasTimeZone) -> str:
    """Return the time in the affiliate's time zone, as `format_datetime` does."""
    return format_datetime(at, affiliate.time_zone)


def format_duration(duration: timedelta) -> str:
    """Return a duration in its two largest units, rounded down: "4 days 2 hours"."""
    hours, seconds = divmod(duration.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    units = (duration.days, hours, minutes, seconds)
    words = (
        ngettext("%d day", "%d days", units[0]) % units[0],
        ngettext("%d hour", "%d hours", units[1]) % units[1],
        ngettext("%d minute", "%d minutes", units[2]) % units[2],
        ngettext("%d second", "%d seconds", units[3]) % units[3],
    )
    first = next((place for place, number in enumerate(units) if number), None)
    if first is None:
        return _("less than a second")
    return " ".join(words[place] for place in (first, first + 1) if place < len(units) and units[place])


def format_money(amount: Decimal, currency: str) -> str:
    """Return an amount with two decimals and its currency: "1,234.50 USD" (specification 3)."""
    return f"{amount:,.2f} {currency}".replace("-", "\u2212")


def format_day(at: datetime | None, affiliate: HasTimeZone) -> str:
    """Return the date in the affiliate's time zone, "3 February 2011", or "" for None."""
    return format_datetime(at, affiliate.time_zone).partition(",")[0] if at else ""


def format_category(slug: str) -> str:
    """Return the display name of a category: "Home decor" for "home-decor"."""
    return slug.replace("-", " ").capitalize()


def format_month(first_day: date) -> str:
    """Return the month and year: "January 2011"."""
    return date_format(first_day, "F Y")
