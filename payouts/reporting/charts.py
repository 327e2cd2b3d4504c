"""The chart of a report: a bar for each day, or for each seven days where there would be too many."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from lib import charts
from payouts.reporting.figures import Figures
from payouts.reporting.report_query import ChartMeasure
from payouts.reporting.reports import Report
from payouts.reporting.spans import Span

MAX_BARS = 93
WEEK = 7


def build_title(report: Report, show: ChartMeasure) -> str:
    """What the chart is of."""
    what = ChartMeasure(show).label.capitalize()
    if _get_step(report.span) == 1:
        return _("%(what)s by day") % {"what": what}
    return _("%(what)s by week, each named by its first day") % {"what": what}


def draw_chart(report: Report, show: ChartMeasure, figure: Callable[[Decimal], str]) -> SafeString:
    """The chart as SVG; `figure` says a figure of it in full."""
    counted = show in (ChartMeasure.ORDERS, ChartMeasure.CLICKS)
    min_step = Decimal(1) if counted else Decimal("0.1")
    return charts.draw_bars(build_series(report, show), build_title(report, show), figure, min_step=min_step)


def build_series(report: Report, show: ChartMeasure) -> list[charts.Day]:
    """The bars in order, each beside what the days at its place made of the period before."""
    days, before = list(report.span.iter_days()), list(report.previous_span.iter_days())
    step = _get_step(report.span)
    return [
        charts.Day(
            days[start],
            _sum_days(report, show, days[start : start + step]),
            _sum_days(report, show, before[start : start + step]) if start < len(before) else None,
        )
        for start in range(0, len(days), step)
    ]


def _get_step(span: Span) -> int:
    return 1 if span.days <= MAX_BARS else WEEK


def _sum_days(report: Report, show: ChartMeasure, days: list[date]) -> Decimal:
    nothing = Figures()
    return sum((Decimal(getattr(report.days.get(day, nothing), show.value)) for day in days), Decimal(0))
