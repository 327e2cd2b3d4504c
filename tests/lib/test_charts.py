"""A chart ..."""

import re
from datetime import date, timedelta
from decimal import Decimal

from lib import charts
from lib.charts import Day

FIRST = date(2026, 11, 1)


def said(amount: Decimal) -> str:
    return f"{amount:,.2f} USD"


def drawn(*amounts: int, before: tuple[int, ...] = ()) -> str:
    days = [
        Day(FIRST + timedelta(days=number), Decimal(amount), Decimal(before[number]) if before else None)
        for number, amount in enumerate(amounts)
    ]
    return charts.draw_bars(days, "Orders", said, min_step=Decimal(1))


def heights(svg: str) -> list[float]:
    return [float(height) for height in re.findall(r'<rect[^>]* height="([^"]+)"', svg)]


def scale(svg: str) -> list[str]:
    return re.findall(r'text-anchor="end">([\d,.]+)</text>', svg)


def test_cuts_off_what_towers_above_all_others_and_writes_its_figure_there():
    svg = drawn(3, 8, 5, 60_000, 2, 7, 9)
    assert scale(svg) == ["0", "2", "4", "6", "8", "10"]
    assert svg.count('class="cut"') == 1
    assert ">60,000.00 USD</text>" in svg
    assert heights(svg)[3] == max(heights(svg)) > heights(svg)[6]


def test_cuts_nothing_where_there_is_little_to_compare_with_or_no_tower():
    for amounts in ((3, 60_000), (3, 8, 5, 40, 2, 7, 9), (12_000, 45_000, 90_000, 10_000, 60_000, 30_000, 99_999)):
        assert 'class="cut"' not in drawn(*amounts)


def test_has_room_for_five_figures_on_its_scale():
    svg = drawn(12_000, 90_000)
    assert scale(svg)[-1] == "100,000"
    left = float(re.findall(r'<line class="base" x1="([\d.]+)"', svg)[0])
    assert left >= len("100,000") * charts.CHARACTER


def test_shows_the_smallest_figure_beside_a_great_one():
    assert heights(drawn(1, 4_000))[0] == charts.MIN_BAR_HEIGHT


def test_draws_what_was_before_as_a_line_that_ends_with_the_scale():
    svg = drawn(3, 8, 5, 4, 2, 7, before=(1, 2, 3, 90_000, 5, 6))
    [points] = re.findall(r'<polyline class="before" points="([^"]+)"', svg)
    ys = [float(point.split(",")[1]) for point in points.split()]
    assert len(ys) == 6
    assert min(ys) == ys[3] >= charts.TOP
    assert "previous: 90,000.00 USD" in svg


def test_counts_whole_things_in_whole_steps():
    assert scale(drawn(1)) == ["0", "1"]


def test_names_one_day_once():
    assert drawn(5).count("1 Nov<") == 1
