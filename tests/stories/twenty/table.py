"""The table of twenty, read from the pages beside this file, which were written before the story that it is held against."""

import re
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PAGES = ("suspended.md", "without_details.md", "terminated.md", "adjusted.md")
_ROW = re.compile(r"^\| (\d{4}-\d\d) \| (.+?) ?\|$", re.MULTILINE)


class Row(NamedTuple):
    """What one statement says."""

    opening: Decimal
    lines: int
    settled: Decimal
    adjustments: Decimal
    forfeited: Decimal
    payout: Decimal
    closing: Decimal
    reasons: tuple[str, ...]


class Undisturbed(NamedTuple):
    """What the twenty would have come to in a month, had nothing happened to them."""

    lines: int
    posted: Decimal
    payouts: int
    paid: Decimal
    carried: Decimal
    negative: int


def read_table() -> dict[tuple[str, str], Row | None]:
    """{(affiliate's code, month): the row}; None for a month without a statement."""
    found: dict[tuple[str, str], Row | None] = {}
    for page in PAGES:
        for section in (HERE / page).read_text(encoding="utf-8").split("\n## ")[1:]:
            code = section.partition(":")[0]
            for month, cells in _ROW.findall(section):
                found[code, month] = None if cells.startswith("no statement") else _parse_row(cells)
    return found


def read_undisturbed() -> dict[str, Undisturbed]:
    """{month: what the twenty would have come to}."""
    found = {}
    for month, cells in _ROW.findall((HERE / "README.md").read_text(encoding="utf-8")):
        lines, posted, payouts, paid, carried, negative = (cell.strip() for cell in cells.split("|"))
        found[month] = Undisturbed(
            int(lines), Decimal(posted), int(payouts), Decimal(paid), Decimal(carried), int(negative)
        )
    return found


def _parse_row(cells: str) -> Row:
    opening, lines, settled, adjustments, forfeited, payout, closing, reasons = (
        cell.strip() for cell in cells.split("|")
    )
    return Row(
        opening=Decimal(opening),
        lines=int(lines),
        settled=Decimal(settled),
        adjustments=Decimal(adjustments),
        forfeited=Decimal(forfeited),
        payout=Decimal(payout),
        closing=Decimal(closing),
        reasons=tuple(reasons.split()),
    )
