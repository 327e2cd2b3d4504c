"""How a figure differs from that of the period before, said with a sign and in words."""

from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from lib.formatting import format_money
from lib.money import round_to_cents
from payouts.reporting.figures import Figures

MINUS = "\u2212"


class Card(NamedTuple):
    """A figure of the whole period; `tone` is up, down or same, and `change` says so in words."""

    label: str
    value: str
    change: str
    tone: str


def build_cards(now: Figures, before: Figures, currency: str) -> list[Card]:
    """The six figures of a report, each beside its change."""
    return [
        Card(_("Clicks"), format_count(now.clicks), *_describe_change(now.clicks or 0, before.clicks or 0, "")),
        Card(_("Orders"), format_count(now.orders), *_describe_change(now.orders, before.orders, "")),
        Card(_("Conversion"), format_percent(now.conversion), *_describe_points(now.conversion, before.conversion)),
        Card(_("Sales"), format_money(now.sales, currency), *_describe_change(now.sales, before.sales, currency)),
        Card(
            _("Commission"),
            format_money(now.commission, currency),
            *_describe_change(now.commission, before.commission, currency),
        ),
        Card(
            _("Earnings per click"),
            format_per_click(now.epc, currency),
            *_describe_change(_round_amount(now.epc), _round_amount(before.epc), currency),
        ),
    ]


def format_difference(difference: Decimal | int, currency: str = "") -> str:
    """ "+12", "−3.50 USD", "±0": a difference with its sign."""
    size = format_money(abs(Decimal(difference)), currency) if currency else f"{abs(difference):,}"
    return f"{'+' if difference > 0 else MINUS if difference < 0 else '±'}{size}"


def format_count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def format_percent(rate: Decimal | None) -> str:
    return "–" if rate is None else f"{rate:.2f}\u00a0%"


def format_per_click(amount: Decimal | None, currency: str) -> str:
    """Earnings per click, as an amount of whole cents."""
    cents = _round_amount(amount)
    return "–" if cents is None else format_money(cents, currency)


def _round_amount(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else round_to_cents(amount)


def _describe_change(now: Decimal | int | None, before: Decimal | int | None, currency: str) -> tuple[str, str]:
    if now is None or before is None:
        return (_("nothing to compare with"), "same")
    if now == before:
        return (_("the same as before"), "same")
    if not before:
        return (_("%s, none before") % format_difference(now, currency), "up")
    share = abs(Decimal(now) - Decimal(before)) * 100 / Decimal(before)
    words = _("%(difference)s, %(share)s more") if now > before else _("%(difference)s, %(share)s less")
    said = {"difference": format_difference(now - before, currency), "share": f"{share:,.1f}\u00a0%"}
    return (words % said, "up" if now > before else "down")


def _describe_points(now: Decimal | None, before: Decimal | None) -> tuple[str, str]:
    if now is None or before is None:
        return (_("nothing to compare with"), "same")
    difference = round(now, 2) - round(before, 2)
    if not difference:
        return (_("the same as before"), "same")
    words = _("%s points, more than before") if difference > 0 else _("%s points, less than before")
    sign = "+" if difference > 0 else MINUS
    return (words % f"{sign}{abs(difference):.2f}", "up" if difference > 0 else "down")
