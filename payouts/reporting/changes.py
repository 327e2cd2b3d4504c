"""How a figure differs from that of the period before, said with a sign and in words."""

from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from lib.formatting import money
from lib.money import to_cents
from payouts.reporting.figures import Figures

MINUS = "\u2212"


class Card(NamedTuple):
    """A figure of the whole period; `tone` is up, down or same, and `change` says so in words."""

    label: str
    value: str
    change: str
    tone: str


def cards(now: Figures, before: Figures, currency: str) -> list[Card]:
    """The six figures of a report, each beside its change."""
    return [
        Card(_("Clicks"), count(now.clicks), *_change(now.clicks or 0, before.clicks or 0, "")),
        Card(_("Orders"), count(now.orders), *_change(now.orders, before.orders, "")),
        Card(_("Conversion"), percent(now.conversion), *_points(now.conversion, before.conversion)),
        Card(_("Sales"), money(now.sales, currency), *_change(now.sales, before.sales, currency)),
        Card(_("Commission"), money(now.commission, currency), *_change(now.commission, before.commission, currency)),
        Card(
            _("Earnings per click"),
            per_click(now.epc, currency),
            *_change(_rounded(now.epc), _rounded(before.epc), currency),
        ),
    ]


def signed(difference: Decimal | int, currency: str = "") -> str:
    """ "+12", "−3.50 USD", "±0": a difference with its sign."""
    size = money(abs(Decimal(difference)), currency) if currency else f"{abs(difference):,}"
    return f"{'+' if difference > 0 else MINUS if difference < 0 else '±'}{size}"


def count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def percent(rate: Decimal | None) -> str:
    return "–" if rate is None else f"{rate:.2f}\u00a0%"


def per_click(amount: Decimal | None, currency: str) -> str:
    """Earnings per click, as an amount of whole cents."""
    cents = _rounded(amount)
    return "–" if cents is None else money(cents, currency)


def _rounded(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else to_cents(amount)


def _change(now: Decimal | int | None, before: Decimal | int | None, currency: str) -> tuple[str, str]:
    if now is None or before is None:
        return (_("nothing to compare with"), "same")
    if now == before:
        return (_("the same as before"), "same")
    if not before:
        return (_("%s, none before") % signed(now, currency), "up")
    share = abs(Decimal(now) - Decimal(before)) * 100 / Decimal(before)
    words = _("%(difference)s, %(share)s more") if now > before else _("%(difference)s, %(share)s less")
    said = {"difference": signed(now - before, currency), "share": f"{share:,.1f}\u00a0%"}
    return (words % said, "up" if now > before else "down")


def _points(now: Decimal | None, before: Decimal | None) -> tuple[str, str]:
    if now is None or before is None:
        return (_("nothing to compare with"), "same")
    difference = round(now, 2) - round(before, 2)
    if not difference:
        return (_("the same as before"), "same")
    words = _("%s points, more than before") if difference > 0 else _("%s points, less than before")
    sign = "+" if difference > 0 else MINUS
    return (words % f"{sign}{abs(difference):.2f}", "up" if difference > 0 else "down")
