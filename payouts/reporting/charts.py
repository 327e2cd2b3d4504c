"""The chart of a report: a bar per day, or per week if there are too many days."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from lib import charts
from payouts.reporting.figures import Figures
from payouts.reporting.report_query import ChartMeasure
from payouts.reporting.reports import Report
from payouts.reporting.spans import Span

MAX_BARS = 93
WEEK = 7


def build_title(report: Report, show: ChartMeasure) -> str:
    """Return the title of the chart."""
    measure = capfirst(ChartMeasure(show).label)
    if _get_step(report.span) == 1:
        return _("%(measure)s by day") % {"measure": measure}
    return _("%(measure)s by week (first day shown)") % {"measure": measure}


def draw_chart(report: Report, show: ChartMeasure, format_value: Callable[[Decimal], str]) -> SafeString:
    """Draw the chart as SVG; `format_value` formats a value of it."""
    is_count = show in (ChartMeasure.ORDERS, ChartMeasure.CLICKS)
    min_step = Decimal(1) if is_count else Decimal("0.1")
    return charts.draw_bars(build_series(report, show), build_title(report, show), format_value, min_step=min_step)


def build_series(report: Report, show: ChartMeasure) -> list[charts.Day]:
    """Return the bars in order, each with the value of the corresponding days of the previous period."""
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
    empty = Figures()
    return sum((Decimal(getattr(report.days.get(day, empty), show.value)) for day in days), Decimal(0))
