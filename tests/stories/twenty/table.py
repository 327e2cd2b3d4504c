"""The expected figures of the twenty affiliates, read from the tables in the Markdown files beside this file."""

import re
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PAGES = ("suspended.md", "without_details.md", "terminated.md", "adjusted.md")
_ROW = re.compile(r"^\| (\d{4}-\d\d) \| (.+?) ?\|$", re.MULTILINE)


class Row(NamedTuple):
    """The expected figures of one statement."""

    opening: Decimal
    lines: int
    settled: Decimal
    adjustments: Decimal
    forfeited: Decimal
    payout: Decimal
    closing: Decimal
    reasons: tuple[str, ...]


class Undisturbed(NamedTuple):
    """The figures of the twenty in a month if there had been no events."""

    lines: int
    posted: Decimal
    payouts: int
    paid: Decimal
    carried: Decimal
    negative: int


def read_table() -> dict[tuple[str, str], Row | None]:
    """Return {(affiliate's code, month): row}; the row is None for a month without a statement."""
    rows: dict[tuple[str, str], Row | None] = {}
    for page in PAGES:
        for section in (HERE / page).read_text(encoding="utf-8").split("\n## ")[1:]:
            code = section.partition(":")[0]
            for month, cells in _ROW.findall(section):
                rows[code, month] = None if cells.startswith("no statement") else _parse_row(cells)
    return rows


def read_undisturbed() -> dict[str, Undisturbed]:
    """Return {month: the figures of the twenty if there had been no events}."""
    months = {}
    for month, cells in _ROW.findall((HERE / "README.md").read_text(encoding="utf-8")):
        lines, posted, payouts, paid, carried, negative = (cell.strip() for cell in cells.split("|"))
        months[month] = Undisturbed(
            int(lines), Decimal(posted), int(payouts), Decimal(paid), Decimal(carried), int(negative)
        )
    return months


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
