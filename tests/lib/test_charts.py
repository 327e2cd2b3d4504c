"""Bar charts (lib.charts)."""

import re
from datetime import date, timedelta
from decimal import Decimal

from lib import charts
from lib.charts import Day

FIRST_DAY = date(2026, 11, 1)


def format_usd(amount: Decimal) -> str:
    return f"{amount:,.2f} USD"


def draw(*amounts: int, before: tuple[int, ...] = ()) -> str:
    days = [
        Day(FIRST_DAY + timedelta(days=number), Decimal(amount), Decimal(before[number]) if before else None)
        for number, amount in enumerate(amounts)
    ]
    return charts.draw_bars(days, "Orders", format_usd, min_step=Decimal(1))


def get_bar_heights(svg: str) -> list[float]:
    return [float(height) for height in re.findall(r'<rect[^>]* height="([^"]+)"', svg)]


def get_scale(svg: str) -> list[str]:
    return re.findall(r'text-anchor="end">([\d,.]+)</text>', svg)


def test_outlier_is_cut_off_with_its_figure_above():
    svg = draw(3, 8, 5, 60_000, 2, 7, 9)
    assert get_scale(svg) == ["0", "2", "4", "6", "8", "10"]
    assert svg.count('class="cut"') == 1
    assert ">60,000.00 USD</text>" in svg
    heights = get_bar_heights(svg)
    assert heights[3] == max(heights) > heights[6]


def test_nothing_is_cut_off_without_outlier_or_with_few_figures():
    for amounts in ((3, 60_000), (3, 8, 5, 40, 2, 7, 9), (12_000, 45_000, 90_000, 10_000, 60_000, 30_000, 99_999)):
        assert 'class="cut"' not in draw(*amounts)


def test_scale_leaves_space_for_six_digits():
    svg = draw(12_000, 90_000)
    assert get_scale(svg)[-1] == "100,000"
    left = float(re.findall(r'<line class="base" x1="([\d.]+)"', svg)[0])
    assert left >= len("100,000") * charts.CHARACTER


def test_smallest_figure_stays_visible_beside_large_one():
    assert get_bar_heights(draw(1, 4_000))[0] == charts.MIN_BAR_HEIGHT


def test_previous_period_is_a_line_within_the_scale():
    svg = draw(3, 8, 5, 4, 2, 7, before=(1, 2, 3, 90_000, 5, 6))
    [points] = re.findall(r'<polyline class="before" points="([^"]+)"', svg)
    ys = [float(point.split(",")[1]) for point in points.split()]
    assert len(ys) == 6
    assert min(ys) == ys[3] >= charts.TOP
    assert "previous: 90,000.00 USD" in svg


def test_scale_of_counts_has_whole_steps():
    assert get_scale(draw(1)) == ["0", "1"]


def test_single_day_is_labeled_once():
    assert draw(5).count("1 Nov<") == 1
