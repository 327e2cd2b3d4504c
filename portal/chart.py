"""A bar chart of amounts by day, as SVG made here: no script, no style attribute, a table beside it that says the same."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 220, 56, 28, 14


class Day(NamedTuple):
    day: date
    amount: Decimal


def ceiling(highest: Decimal) -> Decimal:
    """The round number (1, 2 or 5 times a power of ten) at or above `highest` on which the scale ends."""
    step = Decimal(1)
    while step < highest:
        for factor in (2, 5, 10):
            if step * factor >= highest:
                return step * factor
        step *= 10
    return step


def bars(days: Sequence[Day], label: str, currency: str) -> SafeString:
    """The chart of `days`, which follow one another without gaps; amounts are not negative."""
    top = ceiling(max((one.amount for one in days), default=Decimal(0)))
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
        _scale(top, plot_height, currency),
        drawn,
        _dates(days, pitch),
    )


def _scale(top: Decimal, plot_height: int, currency: str) -> SafeString:
    """Three rules with their amounts; the lowest is the base."""
    rows = []
    for share in (0, 1, 2):
        y = TOP + plot_height - plot_height * share / 2
        amount = top * share / 2
        text = f"{amount:,.2f}" if top < 10 else f"{amount:,.0f}"
        rows.append(
            ("base" if share == 0 else "rule", LEFT, WIDTH - 4, f"{y:.1f}", f"{y:.1f}", LEFT - 8, f"{y + 4:.1f}", text)
        )
    rules = format_html_join(
        "",
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        rows,
    )
    return format_html("{}", rules)


def _dates(days: Sequence[Day], pitch: float) -> SafeString:
    """The first days of months and the last day; labels that would touch one another are left out."""
    if not days:
        return format_html("")
    marked = [(i, one.day) for i, one in enumerate(days) if one.day.day == 1 and 3 < i < len(days) - 24]
    labels = [(f"{LEFT + i * pitch:.1f}", HEIGHT - 8, "start", date_format(day, "j M")) for i, day in marked]
    labels.append((f"{WIDTH - 4}", HEIGHT - 8, "end", date_format(days[-1].day, "j M")))
    if not marked or marked[0][0] * pitch > 60:
        labels.insert(0, (f"{LEFT}", HEIGHT - 8, "start", date_format(days[0].day, "j M")))
    return format_html_join("", '<text x="{}" y="{}" text-anchor="{}">{}</text>', labels)
