"""A bar chart of amounts by day, as SVG made here: no script, no style attribute, a table beside it that says the same."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 220, 56, 28, 14
MOST_STEPS = 5
# From one power of ten to the next.
_LARGER = tuple(map(Decimal, ("2", "2.5", "5", "10")))
# What a character of a date takes in the greater letters that a phone is given, and what lies between two dates.
CHARACTER, GAP = 12, 6


class Day(NamedTuple):
    day: date
    amount: Decimal


def scale(highest: Decimal) -> list[Decimal]:
    """Amounts from 0 to the first at or above `highest`, two to six, in steps of 1, 2, 2.5 or 5 times a power of ten."""
    step = Decimal("0.1")
    while step * MOST_STEPS < highest:
        step *= next((factor for factor in _LARGER if step * factor * MOST_STEPS >= highest), _LARGER[-1])
    count = max(1, ceil(highest / step))
    return [step * number for number in range(count + 1)]


def bars(days: Sequence[Day], label: str, currency: str) -> SafeString:
    """The chart of `days`, which follow one another without gaps; amounts are not negative."""
    amounts = scale(max((one.amount for one in days), default=Decimal(0)) or Decimal(1))
    top = amounts[-1]
    plot_width, plot_height = WIDTH - LEFT - 4, HEIGHT - BOTTOM - TOP
    pitch = plot_width / max(len(days), 1)
    columns = []
    for index, one in enumerate(days):
        height = float(one.amount / top) * plot_height
        text = f"{date_format(one.day, 'j M Y')}: {one.amount:,.2f} {currency}"
        x, y = f"{LEFT + index * pitch + pitch * 0.1:.1f}", f"{TOP + plot_height - height:.1f}"
        if one.amount:
            columns.append((x, y, f"{pitch * 0.8:.1f}", f"{height:.1f}", text))
    drawn = format_html_join(
        "", '<rect class="bar" x="{}" y="{}" width="{}" height="{}" rx="1"><title>{}</title></rect>', columns
    )
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        label,
        _scale(amounts, plot_height),
        drawn,
        _dates(days, pitch),
    )


def _scale(amounts: Sequence[Decimal], plot_height: int) -> SafeString:
    """A rule for each of `amounts`, which begin with 0, the base; with cents where one of them has any."""
    places = 0 if all(amount == amount.to_integral_value() for amount in amounts) else 2
    rows = []
    for amount in amounts:
        y = TOP + plot_height - float(amount / amounts[-1]) * plot_height
        kind, text = "rule" if amount else "base", f"{amount:,.{places}f}"
        rows.append((kind, LEFT, WIDTH - 4, f"{y:.1f}", f"{y:.1f}", LEFT - 8, f"{y + 4:.1f}", text))
    return format_html_join(
        "",
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        rows,
    )


def _dates(days: Sequence[Day], pitch: float) -> SafeString:
    """The last day, the first day of each month, and the first day of all; labels that would touch are left out."""
    if not days:
        return format_html("")
    last = date_format(days[-1].day, "j M")
    until = WIDTH - 4 - _width(last)
    labels: list[tuple[float, str]] = []
    months = [(LEFT + i * pitch, date_format(one.day, "j M")) for i, one in enumerate(days) if one.day.day == 1]
    for x, text in months:
        if x + _width(text) + GAP <= until and (not labels or labels[-1][0] + _width(labels[-1][1]) + GAP <= x):
            labels.append((x, text))
    first = date_format(days[0].day, "j M")
    if LEFT + _width(first) + GAP <= (labels[0][0] if labels else until):
        labels.insert(0, (LEFT, first))
    rows = [*((f"{x:.1f}", HEIGHT - 8, "start", text) for x, text in labels), (f"{WIDTH - 4}", HEIGHT - 8, "end", last)]
    return format_html_join("", '<text x="{}" y="{}" text-anchor="{}">{}</text>', rows)


def _width(text: str) -> int:
    return len(text) * CHARACTER
