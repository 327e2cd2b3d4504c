"""Bar charts of daily figures as SVG, without scripts or style attributes.

Pages show a table with the same figures beside each chart.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from lib.formatting import format_date

WIDTH, HEIGHT, BOTTOM, TOP, CUT_TOP = 640, 220, 28, 14, 26
MIN_LEFT, MARGIN = 40, 12
MAX_STEPS = 5
# Keeps small figures visible beside an outlier.
MIN_BAR_HEIGHT = 1.5
MAX_BAR_WIDTH = 60
# An outlier is at least this many times the next figure, and is cut off only beside this many others.
OUTLIER_FACTOR, MIN_OTHER_FIGURES = 5, 5
_STEP_FACTORS = tuple(map(Decimal, ("2", "2.5", "5", "10")))
# The width of a character at the larger font size on phones, and the gap between two dates.
CHARACTER, GAP = 12, 6


class Day(NamedTuple):
    """A bar: a day (or the first day of several), its figure, and the figure of the previous period."""

    day: date
    amount: Decimal
    before: Decimal | None = None


class _Plot(NamedTuple):
    """The area of the bars. Each bar has `pitch` of width; the highest of `amounts` has `height`."""

    left: int
    pitch: float
    top: int
    height: int
    amounts: Sequence[Decimal]

    @property
    def base(self) -> int:
        return self.top + self.height

    def get_center(self, index: int) -> float:
        return self.left + (index + 0.5) * self.pitch

    def get_y(self, amount: Decimal) -> float:
        """Return the vertical position of `amount`, at most the top of the scale."""
        return self.base - min(float(amount / self.amounts[-1]), 1.0) * self.height


def build_scale(highest: Decimal, min_step: Decimal = Decimal("0.1")) -> list[Decimal]:
    """Return two to six amounts from 0 to at least `highest`, in steps of 1, 2, 2.5 or 5 times a power of ten."""
    step = min_step
    while step * MAX_STEPS < highest:
        step *= next((factor for factor in _STEP_FACTORS if step * factor * MAX_STEPS >= highest), _STEP_FACTORS[-1])
    count = max(1, ceil(highest / step))
    return [step * number for number in range(count + 1)]


def draw_bars(
    days: Sequence[Day], label: str, format_figure: Callable[[Decimal], str], *, min_step: Decimal = Decimal("0.1")
) -> SafeString:
    """Return the chart of `days`, which are consecutive and have no negative figures.

    The previous period is drawn as a line. `format_figure` formats a figure for tooltips. `min_step` is the smallest
    step of the scale: 1 for counts. One or two outliers are cut off, with their figures written above.
    """
    highest = _find_scale_maximum(days)
    amounts = build_scale(highest or Decimal(1), min_step)
    left = max(MIN_LEFT, max(map(len, _format_amounts(amounts))) * CHARACTER + MARGIN)
    top = CUT_TOP if any(one.amount > amounts[-1] for one in days) else TOP
    plot = _Plot(left, (WIDTH - left - 4) / max(len(days), 1), top, HEIGHT - BOTTOM - top, amounts)
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        label,
        _draw_scale(plot),
        _draw_bars(days, plot, format_figure),
        _draw_line(days, plot),
        _draw_dates(days, plot),
    )


def _find_scale_maximum(days: Sequence[Day]) -> Decimal:
    """Return the highest figure, not counting one or two outliers."""
    figures = sorted((figure for one in days for figure in (one.amount, one.before or Decimal(0))), reverse=True)
    for outliers in (1, 2):
        rest = [figure for figure in figures[outliers:] if figure]
        if len(rest) >= MIN_OTHER_FIGURES and figures[outliers - 1] > OUTLIER_FACTOR * rest[0]:
            return rest[0]
    return figures[0] if figures else Decimal(0)


def _draw_bars(days: Sequence[Day], plot: _Plot, format_figure: Callable[[Decimal], str]) -> SafeString:
    columns, cuts = [], []
    width = min(plot.pitch * 0.8, MAX_BAR_WIDTH)
    for index, one in enumerate(days):
        if not one.amount:
            continue
        text = f"{format_date(one.day)}: {format_figure(one.amount)}"
        if one.before is not None:
            text += "; " + _("previous: %s") % format_figure(one.before)
        middle = plot.get_center(index)
        top = min(plot.get_y(one.amount), plot.base - MIN_BAR_HEIGHT)
        columns.append((f"{middle - width / 2:.1f}", f"{top:.1f}", f"{width:.1f}", f"{plot.base - top:.1f}", text))
        if one.amount > plot.amounts[-1]:
            cuts.append(_draw_cut(middle, width, plot, format_figure(one.amount)))
    drawn = format_html_join(
        "", '<rect class="bar" x="{}" y="{}" width="{}" height="{}" rx="1"><title>{}</title></rect>', columns
    )
    return format_html("{}{}", drawn, format_html_join("", "{}", ((cut,) for cut in cuts)))


def _draw_cut(middle: float, width: float, plot: _Plot, text: str) -> SafeString:
    """Return the mark on a bar that is cut off, with its figure above."""
    y = plot.top + CUT_TOP
    gap = f"M{middle - width / 2 - 2:.1f},{y + 4} l{width + 4:.1f},-8"
    # Keeps the figure inside the chart at its edges.
    half = _measure_text(text) / 2
    x = min(max(middle, plot.left + half), WIDTH - 4 - half)
    return format_html(
        '<path class="cut" d="{}"/><text x="{}" y="{}" text-anchor="middle">{}</text>',
        gap,
        f"{x:.1f}",
        plot.top - 5,
        text,
    )


def _draw_line(days: Sequence[Day], plot: _Plot) -> SafeString:
    points = [
        f"{plot.get_center(index):.1f},{plot.get_y(one.before):.1f}"
        for index, one in enumerate(days)
        if one.before is not None
    ]
    if len(points) < 2:
        return SafeString("")
    return format_html('<polyline class="before" points="{}"/>', " ".join(points))


def _format_amounts(amounts: Sequence[Decimal]) -> list[str]:
    """Return the labels of the scale, with two decimals if any amount has decimals."""
    places = 0 if all(amount == amount.to_integral_value() for amount in amounts) else 2
    return [f"{amount:,.{places}f}" for amount in amounts]


def _draw_scale(plot: _Plot) -> SafeString:
    rows = []
    for amount, text in zip(plot.amounts, _format_amounts(plot.amounts), strict=True):
        y = plot.get_y(amount)
        kind = "rule" if amount else "base"
        rows.append((kind, plot.left, WIDTH - 4, f"{y:.1f}", f"{y:.1f}", plot.left - 8, f"{y + 4:.1f}", text))
    return format_html_join(
        "",
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        rows,
    )


def _draw_dates(days: Sequence[Day], plot: _Plot) -> SafeString:
    """Return labels for the first and last day and each first of a month, without those that would touch."""
    if not days:
        return SafeString("")
    if len(days) == 1:
        only = '<text x="{}" y="{}" text-anchor="middle">{}</text>'
        return format_html(only, f"{plot.get_center(0):.1f}", HEIGHT - 8, date_format(days[0].day, "j M"))
    last = date_format(days[-1].day, "j M")
    until = WIDTH - 4 - _measure_text(last)
    labels: list[tuple[float, str]] = []
    for index, (one, previous) in enumerate(zip(days[1:], days, strict=False), 1):
        if one.day.month == previous.day.month:
            continue
        x, text = plot.left + index * plot.pitch, date_format(one.day, "j M")
        if x + _measure_text(text) + GAP <= until and (
            not labels or labels[-1][0] + _measure_text(labels[-1][1]) + GAP <= x
        ):
            labels.append((x, text))
    first = date_format(days[0].day, "j M")
    if plot.left + _measure_text(first) + GAP <= (labels[0][0] if labels else until):
        labels.insert(0, (plot.left, first))
    rows = [*((f"{x:.1f}", HEIGHT - 8, "start", text) for x, text in labels), (f"{WIDTH - 4}", HEIGHT - 8, "end", last)]
    return format_html_join("", '<text x="{}" y="{}" text-anchor="{}">{}</text>', rows)


def _measure_text(text: str) -> int:
    return len(text) * CHARACTER
