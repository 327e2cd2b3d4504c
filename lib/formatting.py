"""Dates, durations, amounts and rates as text: one format each for pages, e-mails, PDFs and the admin.

`config/formats/en/formats.py` repeats the date formats for what Django formats itself, such as columns of the admin.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Django format strings.
DATE_FORMAT = "j M Y"
SHORT_DATE_FORMAT = "j M"
DATETIME_FORMAT = "j M Y, H:i"
MONTH_FORMAT = "F Y"


class HasTimeZone(Protocol):
    """A person who reads times in a zone of their own, such as an affiliate."""

    time_zone: str


def format_datetime(at: datetime, zone: str | ZoneInfo = "UTC") -> str:
    """Format a time in `zone`, which is named: "3 Feb 2011, 08:26 UTC". An unknown zone counts as UTC."""
    try:
        local = at.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    except (ZoneInfoNotFoundError, ValueError):
        local = at.astimezone(ZoneInfo("UTC"))
    name = local.tzname() or ""
    # A zone without an abbreviation has its offset for a name, which says nothing without the word before it.
    return f"{date_format(local, DATETIME_FORMAT)} {f'UTC{name}' if name[:1] in '+-' else name}"


def format_datetime_for(at: datetime, affiliate: HasTimeZone) -> str:
    """Format a time in the affiliate's own time zone."""
    return format_datetime(at, affiliate.time_zone)


def format_date(day: date) -> str:
    """Format a day: "3 Feb 2011"."""
    return date_format(day, DATE_FORMAT)


def format_day(at: datetime | None, affiliate: HasTimeZone) -> str:
    """Format the day of `at` in the affiliate's own time zone: "3 Feb 2011"; "" for None."""
    return format_datetime(at, affiliate.time_zone).partition(",")[0] if at else ""


def format_short_date(day: date) -> str:
    """Format a day of this year or the next: "3 Feb"."""
    return date_format(day, SHORT_DATE_FORMAT)


def format_month(first_day: date) -> str:
    """Format a month, given by its first day: "January 2011"."""
    return date_format(first_day, MONTH_FORMAT)


def format_age(duration: timedelta) -> str:
    """Format the largest unit of a duration, the rest cut off: "4 days"."""
    return format_duration(duration, units=1)


def format_duration(duration: timedelta, units: int = 2) -> str:
    """Format the largest `units` of a duration, the rest cut off: "4 days 2 hours". A day has 24 hours."""
    hours, seconds = divmod(duration.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    numbers = (duration.days, hours, minutes, seconds)
    words = (
        ngettext("%d day", "%d days", numbers[0]) % numbers[0],
        ngettext("%d hour", "%d hours", numbers[1]) % numbers[1],
        ngettext("%d minute", "%d minutes", numbers[2]) % numbers[2],
        ngettext("%d second", "%d seconds", numbers[3]) % numbers[3],
    )
    first = next((index for index, number in enumerate(numbers) if number), None)
    if first is None:
        return _("less than a second")
    return " ".join(word for number, word in list(zip(numbers, words, strict=True))[first : first + units] if number)


def format_money(amount: Decimal, currency: str) -> str:
    """Format an amount with two decimals and its currency: "1,234.50 USD" (specification 3)."""
    return f"{amount:,.2f} {currency}".strip().replace("-", "\u2212")


def format_percent(rate: Decimal) -> str:
    """Format a rate with two decimals: "8.50 %", with a no-break space."""
    return f"{rate:.2f}\u00a0%"


# For the context of an e-mail: `mail/outbox.py` evaluates them in the language of its reader.
lazy_date = lazy(format_date, str)
lazy_datetime_for = lazy(format_datetime_for, str)


def format_category(slug: str) -> str:
    """Return a name for a category that has no display name: "Garden tools" for "garden-tools"."""
    return slug.replace("-", " ").capitalize()
