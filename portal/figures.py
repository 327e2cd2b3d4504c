"""What the landing page says of the program: the figures of the agreement in force, each with its clause (CONTRACT 1)."""

from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agreements.clauses import clause_of
from agreements.models import Agreement, Rate
from agreements.rules import Rule
from portal.templatetags.accord import money, percent


class Figure(NamedTuple):
    label: str
    value: str
    why: str
    clause: str


class RateRow(NamedTuple):
    category: str
    percent: str


def rate_card(agreement: Agreement) -> list[Rate]:
    """The rates of a version, "everything else" last."""
    return sorted(agreement.rates.all(), key=lambda rate: rate.everything_else)


def spread(rates: list[Rate]) -> tuple[str, str]:
    """The lowest and the highest rate of a card, as text."""
    numbers = [rate.percent for rate in rates]
    return (percent(min(numbers)), percent(max(numbers))) if numbers else ("", "")


def days(number: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", number) % {"n": number}


def figures(agreement: Agreement, rates: list[Rate]) -> list[Figure]:
    """The terms that decide what an affiliate earns and when, in the order of an order's life."""
    low, high = spread(rates)
    found = [
        Figure(
            _("Attribution"),
            days(agreement.attribution_days),
            _("from the click on your link to the order; a coupon of yours needs no click"),
            clause_of(agreement.pk, Rule.ATTRIBUTION_DAYS),
        ),
        Figure(
            _("Commission"),
            low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high},
            _("of what the customer paid, by category, without shipping and tax"),
            clause_of(agreement.pk, Rule.RATE_CARD),
        ),
        Figure(
            _("Validation"),
            days(agreement.validation_days),
            _("after the order is completed, its commission can be paid"),
            clause_of(agreement.pk, Rule.VALIDATION_DAYS),
        ),
        Figure(
            _("Paid"),
            _("every month"),
            _("each month is closed on day %(day)d of the next, with a statement of every line")
            % {"day": agreement.close_day},
            clause_of(agreement.pk, Rule.MONTHLY_CLOSE),
        ),
        Figure(
            _("Payout minimum"),
            money(agreement.payout_minimum, agreement.currency),
            _("what is below it is carried over to the next month, never lost"),
            clause_of(agreement.pk, Rule.PAYOUT_MINIMUM),
        ),
    ]
    return [*found, *_conduct(agreement)]


def _conduct(agreement: Agreement) -> list[Figure]:
    notice = Figure(
        _("Notice of changes"),
        days(agreement.change_notice_days),
        _("before a change to your detriment takes effect, and only if you accept it"),
        clause_of(agreement.pk, Rule.CHANGE_NOTICE_DAYS),
    )
    if not agreement.target_orders:
        return [notice]
    target = Figure(
        _("Sales target"),
        ngettext("%(n)d order", "%(n)d orders", agreement.target_orders) % {"n": agreement.target_orders},
        _("in %(days)d days, so that the program is for people who take part") % {"days": agreement.target_days},
        clause_of(agreement.pk, Rule.SALES_TARGET),
    )
    return [target, notice]
