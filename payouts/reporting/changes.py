"""The figures of a report beside their changes since the previous period."""

from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from lib.formatting import format_money, format_percent
from lib.money import round_to_cents
from payouts.reporting.figures import Figures

MINUS = "\u2212"


class Card(NamedTuple):
    """A figure of the whole period and its change in words; `tone` is "up", "down" or "same"."""

    label: str
    value: str
    change: str
    tone: str


def build_cards(now: Figures, before: Figures, currency: str) -> list[Card]:
    """Return the seven figures of a report, each with its change."""
    return [
        Card(_("Clicks"), format_count(now.clicks), *describe_change(now.clicks or 0, before.clicks or 0, "")),
        Card(
            _("Link orders"),
            format_count(now.clicked_orders),
            *describe_change(now.clicked_orders, before.clicked_orders, ""),
        ),
        Card(
            _("Coupon orders"),
            format_count(now.coupon_orders),
            *describe_change(now.coupon_orders, before.coupon_orders, ""),
        ),
        Card(_("Conversion rate"), format_rate(now.conversion), *_describe_points(now.conversion, before.conversion)),
        Card(_("Sales"), format_money(now.sales, currency), *describe_change(now.sales, before.sales, currency)),
        Card(
            _("Commission"),
            format_money(now.commission, currency),
            *describe_change(now.commission, before.commission, currency),
        ),
        Card(
            _("EPC (earnings per click)"),
            format_per_click(now.epc, currency),
            *describe_change(_round_amount(now.epc), _round_amount(before.epc), currency),
        ),
    ]


def format_difference(difference: Decimal | int, currency: str = "") -> str:
    """Format a difference with its sign: "+12", "−3.50 USD", "±0"."""
    size = format_money(abs(Decimal(difference)), currency) if currency else f"{abs(difference):,}"
    return f"{'+' if difference > 0 else MINUS if difference < 0 else '±'}{size}"


def format_count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def format_rate(rate: Decimal | None) -> str:
    return "–" if rate is None else format_percent(rate)


def format_per_click(amount: Decimal | None, currency: str) -> str:
    """Format earnings per click, rounded to cents."""
    cents = _round_amount(amount)
    return "–" if cents is None else format_money(cents, currency)


def _round_amount(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else round_to_cents(amount)


def describe_change(now: Decimal | int | None, before: Decimal | int | None, currency: str) -> tuple[str, str]:
    """Return the change in words and its tone: "▲ 12.0 % (+3.00 USD)" and "up"."""
    if now is None or before is None:
        return (_("no previous data"), "same")
    if now == before:
        return (_("no change"), "same")
    if not before:
        return (_("▲ new (%s)") % format_difference(now, currency), "up")
    share = abs(Decimal(now) - Decimal(before)) * 100 / Decimal(before)
    text = f"{_get_arrow(now > before)} {share:,.1f}\u00a0% ({format_difference(now - before, currency)})"
    return (text, "up" if now > before else "down")


def _describe_points(now: Decimal | None, before: Decimal | None) -> tuple[str, str]:
    if now is None or before is None:
        return (_("no previous data"), "same")
    difference = round(now, 2) - round(before, 2)
    if not difference:
        return (_("no change"), "same")
    text = _("%(arrow)s %(points)s points") % {
        "arrow": _get_arrow(difference > 0),
        "points": f"{abs(difference):.2f}",
    }
    return (text, "up" if difference > 0 else "down")


def _get_arrow(is_up: bool) -> str:
    return "▲" if is_up else "▼"
