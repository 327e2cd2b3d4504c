"""A bar chart of figures by day, as SVG made here: no script, no style attribute, a table beside it that says the same."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH, HEIGHT, BOTTOM, TOP = 640, 220, 28, 14
LEAST_LEFT, MARGIN = 40, 12
MOST_STEPS = 5
# Beside an outlier a small figure is still seen to be one.
LEAST_BAR = 1.5
# From one power of ten to the next.
_LARGER = tuple(map(Decimal, ("2", "2.5", "5", "10")))
# What a character takes in the greater letters that a phone is given, and what lies between two dates.
CHARACTER, GAP = 12, 6


class Day(NamedTuple):
    """A bar: the day, or the first of some, with its figure, and the figure of the period before at the same place."""

    day: date
    amount: Decimal
    before: Decimal | None = None


class _Plot(NamedTuple):
    """Where the bars stand: right of the figures, each `pitch` wide, `height` for the highest of `amounts`."""

    left: int
    pitch: float
    height: int
    amounts: Sequence[Decimal]

    def y(self, amount: Decimal) -> float:
        return TOP + self.height - float(amount / self.amounts[-1]) * self.height


def scale(highest: Decimal, least: Decimal = Decimal("0.1")) -> list[Decimal]:
    """Amounts from 0 to the first at or above `highest`, two to six, in steps of 1, 2, 2.5 or 5 times a power of ten."""
    step = least
    while step * MOST_STEPS < highest:
        step *= next((factor for factor in _LARGER if step * factor * MOST_STEPS >= highest), _LARGER[-1])
    count = max(1, ceil(highest / step))
    return [step * number for number in range(count + 1)]


def bars(
    days: Sequence[Day], label: str, figure: Callable[[Decimal], str], *, least: Decimal = Decimal("0.1")
) -> SafeString:
    """The chart of `days`, which follow one another without gaps; figures are not negative, `figure` says one in full.

    What was before is a line over the bars. `least` is the smallest step of the scale: 1 for what is counted.
    """
    highest = max((max(one.amount, one.before or 0) for one in days), default=Decimal(0))
    amounts = scale(Decimal(highest) or Decimal(1), least)
    left = max(LEAST_LEFT, max(map(len, _texts(amounts))) * CHARACTER + MARGIN)
    plot = _Plot(left, (WIDTH - left - 4) / max(len(days), 1), HEIGHT - BOTTOM - TOP, amounts)
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        label,
        _scale(plot),
        _bars(days, plot, figure),
        _line(days, plot),
        _dates(days, plot),
    )


def _bars(days: Sequence[Day], plot: _Plot, figure: Callable[[Decimal], str]) -> SafeString:
    columns = []
    for index, one in enumerate(days):
        if not one.amount:
            continue
        text = f"{date_format(one.day, 'j M Y')}: {figure(one.amount)}"
        if one.before is not None:
            text += "; " + _("before: %s") % figure(one.before)
        top = min(plot.y(one.amount), TOP + plot.height - LEAST_BAR)
        x, height = plot.left + index * plot.pitch + plot.pitch * 0.1, TOP + plot.height - top
        columns.append((f"{x:.1f}", f"{top:.1f}", f"{plot.pitch * 0.8:.1f}", f"{height:.1f}", text))
    return format_html_join(
        "", '<rect class="bar" x="{}" y="{}" width="{}" height="{}" rx="1"><title>{}</title></rect>', columns
    )


def _line(days: Sequence[Day], plot: _Plot) -> SafeString:
    points = [
        f"{plot.left + (index + 0.5) * plot.pitch:.1f},{plot.y(one.before):.1f}"
        for index, one in enumerate(days)
        if one.before is not None
    ]
    return (
        format_html('<polyline class="before" points="{}"/>', " ".join(points)) if len(points) > 1 else SafeString("")
    )


def _texts(amounts: Sequence[Decimal]) -> list[str]:
    """The figures of the scale, with cents where one of them has any."""
    places = 0 if all(amount == amount.to_integral_value() for amount in amounts) else 2
    return [f"{amount:,.{places}f}" for amount in amounts]


def _scale(plot: _Plot) -> SafeString:
    """A rule for each figure of the scale, which begins with 0, the base."""
    rows = []
    for amount, text in zip(plot.amounts, _texts(plot.amounts), strict=True):
        y = plot.y(amount)
        kind = "rule" if amount else "base"
        rows.append((kind, plot.left, WIDTH - 4, f"{y:.1f}", f"{y:.1f}", plot.left - 8, f"{y + 4:.1f}", text))
    return format_html_join(
        "",
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        rows,
    )


def _dates(days: Sequence[Day], plot: _Plot) -> SafeString:
    """The last day, the first of each month, and the first of all; labels that would touch are left out."""
    if not days:
        return SafeString("")
    last = date_format(days[-1].day, "j M")
    until = WIDTH - 4 - _width(last)
    labels: list[tuple[float, str]] = []
    for index, (one, previous) in enumerate(zip(days[1:], days, strict=False), 1):
        if one.day.month == previous.day.month:
            continue
        x, text = plot.left + index * plot.pitch, date_format(one.day, "j M")
        if x + _width(text) + GAP <= until and (not labels or labels[-1][0] + _width(labels[-1][1]) + GAP <= x):
            labels.append((x, text))
    first = date_format(days[0].day, "j M")
    if plot.left + _width(first) + GAP <= (labels[0][0] if labels else until):
        labels.insert(0, (plot.left, first))
    rows = [*((f"{x:.1f}", HEIGHT - 8, "start", text) for x, text in labels), (f"{WIDTH - 4}", HEIGHT - 8, "end", last)]
    return format_html_join("", '<text x="{}" y="{}" text-anchor="{}">{}</text>', rows)


def _width(text: str) -> int:
    return len(text) * CHARACTER
