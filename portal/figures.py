"""What the landing page says of the program: the figures of the agreement in force, each with its clause (CONTRACT 1)."""

from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion, Rate
from agreements.rules import Rule
from portal.templatetags.accord import money, percent


class Figure(NamedTuple):
    label: str
    value: str
    explanation: str
    clause: str


class RateRow(NamedTuple):
    category: str
    percent: str


def sort_rates(agreement: AgreementVersion) -> list[Rate]:
    """The rates of a version, "everything else" last."""
    return sorted(agreement.rates.all(), key=lambda rate: rate.everything_else)


def format_rate_range(rates: list[Rate]) -> tuple[str, str]:
    """The lowest and the highest rate of a card, as text."""
    numbers = [rate.percent for rate in rates]
    return (percent(min(numbers)), percent(max(numbers))) if numbers else ("", "")


def format_days(number: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", number) % {"n": number}


def list_figures(agreement: AgreementVersion, rates: list[Rate]) -> list[Figure]:
    """The terms that decide what an affiliate earns and when, in the order of an order's life."""
    low, high = format_rate_range(rates)
    found = [
        Figure(
            _("Attribution"),
            format_days(agreement.attribution_days),
            _("from the click on your link to the order; a coupon of yours needs no click"),
            get_clause_number(agreement.pk, Rule.ATTRIBUTION_DAYS),
        ),
        Figure(
            _("Commission"),
            low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high},
            _("of what the customer paid, by category, without shipping and tax"),
            get_clause_number(agreement.pk, Rule.RATE_CARD),
        ),
        Figure(
            _("Validation"),
            format_days(agreement.validation_days),
            _("after the order is completed, its commission can be paid"),
            get_clause_number(agreement.pk, Rule.VALIDATION_DAYS),
        ),
        Figure(
            _("Paid"),
            _("every month"),
            _("each month is closed on day %(day)d of the next, with a statement of every line")
            % {"day": agreement.close_day},
            get_clause_number(agreement.pk, Rule.MONTHLY_CLOSE),
        ),
        Figure(
            _("Payout minimum"),
            money(agreement.payout_minimum, agreement.currency),
            _("what is below it is carried over to the next month, never lost"),
            get_clause_number(agreement.pk, Rule.PAYOUT_MINIMUM),
        ),
    ]
    return [*found, *_list_conduct_figures(agreement)]


def _list_conduct_figures(agreement: AgreementVersion) -> list[Figure]:
    notice = Figure(
        _("Notice of changes"),
        format_days(agreement.change_notice_days),
        _("before a change to your detriment takes effect, and only if you accept it"),
        get_clause_number(agreement.pk, Rule.CHANGE_NOTICE_DAYS),
    )
    if not agreement.target_orders:
        return [notice]
    target = Figure(
        _("Sales target"),
        ngettext("%(n)d order", "%(n)d orders", agreement.target_orders) % {"n": agreement.target_orders},
        _("in %(days)d days, so that the program is for people who take part") % {"days": agreement.target_days},
        get_clause_number(agreement.pk, Rule.SALES_TARGET),
    )
    return [target, notice]
