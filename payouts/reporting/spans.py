"""The days of a report and the previous days with which they are compared. Pure: no clock, no database."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.formatting import format_date

MAX_DAYS = 731
DAY = timedelta(days=1)


class Preset(TextChoices):
    """Periods relative to today."""

    TODAY = "today", gettext_lazy("today")
    LAST_7 = "7-days", gettext_lazy("7 days")
    LAST_30 = "30-days", gettext_lazy("30 days")
    LAST_90 = "90-days", gettext_lazy("90 days")
    THIS_MONTH = "this-month", gettext_lazy("this month")
    LAST_MONTH = "last-month", gettext_lazy("last month")
    THIS_QUARTER = "this-quarter", gettext_lazy("this quarter")
    LAST_QUARTER = "last-quarter", gettext_lazy("last quarter")
    THIS_YEAR = "this-year", gettext_lazy("this year")
    LAST_YEAR = "last-year", gettext_lazy("last year")


_NUMBERS_OF_DAYS = (Preset.TODAY, Preset.LAST_7, Preset.LAST_30, Preset.LAST_90)


class Span(NamedTuple):
    """Days from the first to the last, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def iter_days(self) -> Iterator[date]:
        return (self.first + number * DAY for number in range(self.days))

    def __str__(self) -> str:
        if self.days == 1:
            return format_date(self.first)
        first = date_format(self.first, "j M") if self.first.year == self.last.year else format_date(self.first)
        return f"{first} – {format_date(self.last)}"


def build_span(first: date, last: date) -> Span:
    """Return the days from `first` to `last`.

    Raises ValidationError for the field at fault: wrong order, too many days, or a year out of range.
    """
    if last < first:
        raise ValidationError({"until": _("Enter a last day that is not before the first.")})
    if first.year < 1990 or last.year > 2200:
        raise ValidationError({"since": _("Enter days between 1990 and 2200.")})
    if (last - first).days >= MAX_DAYS:
        raise ValidationError({"until": _("Choose a period of at most two years.")})
    return Span(first, last)


def get_month_span(day: date) -> Span:
    """Return the days of the month of `day`."""
    first = day.replace(day=1)
    return Span(first, (first + 31 * DAY).replace(day=1) - DAY)


def get_preset_span(preset: Preset, today: date) -> Span:
    """Return the days of `preset` as of `today`."""
    first_days = {
        Preset.TODAY: today,
        Preset.LAST_7: today - 6 * DAY,
        Preset.LAST_30: today - 29 * DAY,
        Preset.LAST_90: today - 89 * DAY,
        Preset.THIS_MONTH: today.replace(day=1),
        Preset.THIS_QUARTER: _get_quarter_start(today),
        Preset.THIS_YEAR: today.replace(month=1, day=1),
    }
    if preset is Preset.LAST_MONTH:
        last = today.replace(day=1) - DAY
        return Span(last.replace(day=1), last)
    if preset is Preset.LAST_QUARTER:
        last = _get_quarter_start(today) - DAY
        return Span(_get_quarter_start(last), last)
    if preset is Preset.LAST_YEAR:
        return Span(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
    return Span(first_days[preset], today)


def _get_quarter_start(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def get_previous_span(span: Span, preset: str = "") -> Span:
    """Return the previous days, as many as in `span`; for a whole month or year, the whole previous month or year.

    A `preset` that is a number of days is always compared with as many days.
    """
    last = span.first - DAY
    if preset in _NUMBERS_OF_DAYS:
        return Span(last - (span.days - 1) * DAY, last)
    if span.first.day == 1 and (span.last + DAY).day == 1:
        if (span.first.year, span.first.month) == (span.last.year, span.last.month):
            return Span(last.replace(day=1), last)
        if (span.first.month, span.last.month) == (1, 12) and span.first.year == span.last.year:
            return Span(last.replace(month=1, day=1), last)
    return Span(last - (span.days - 1) * DAY, last)
