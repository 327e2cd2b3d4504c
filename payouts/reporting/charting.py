"""The chart of a report: a bar for each day, or for each seven days where there would be too many."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from lib import charts
from payouts.reporting.asking import Show
from payouts.reporting.figures import Figures
from payouts.reporting.reports import Report
from payouts.reporting.spans import Span

MOST_BARS = 93
WEEK = 7


def title(report: Report, show: Show) -> str:
    """What the chart is of."""
    what = Show(show).label.capitalize()
    if _step(report.span) == 1:
        return _("%(what)s by day") % {"what": what}
    return _("%(what)s by week, each named by its first day") % {"what": what}


def drawn(report: Report, show: Show, figure: Callable[[Decimal], str]) -> SafeString:
    """The chart as SVG; `figure` says a figure of it in full."""
    counted = show in (Show.ORDERS, Show.CLICKS)
    least = Decimal(1) if counted else Decimal("0.1")
    return charts.bars(series(report, show), title(report, show), figure, least=least)


def series(report: Report, show: Show) -> list[charts.Day]:
    """The bars in order, each beside what the days at its place made of the period before."""
    days, before = list(report.span.each()), list(report.compared.each())
    step = _step(report.span)
    return [
        charts.Day(
            days[start],
            _sum(report, show, days[start : start + step]),
            _sum(report, show, before[start : start + step]) if start < len(before) else None,
        )
        for start in range(0, len(days), step)
    ]


def _step(span: Span) -> int:
    return 1 if span.days <= MOST_BARS else WEEK


def _sum(report: Report, show: Show, days: list[date]) -> Decimal:
    nothing = Figures()
    return sum((Decimal(getattr(report.days.get(day, nothing), show.value)) for day in days), Decimal(0))
