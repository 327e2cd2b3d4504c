"""The key terms on the landing page: figures of the agreement in force, each with its clause (specification 1)."""

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
    """Return the rates of a version, "everything else" last."""
    return sorted(agreement.rates.all(), key=lambda rate: rate.everything_else)


def format_rate_range(rates: list[Rate]) -> tuple[str, str]:
    """Return the lowest and the highest rate as text; two empty strings without rates."""
    numbers = [rate.percent for rate in rates]
    return (percent(min(numbers)), percent(max(numbers))) if numbers else ("", "")


def format_days(number: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", number) % {"n": number}


def format_terms(agreement: AgreementVersion) -> dict[str, str]:
    """Return the terms that are numbers of days as text, by the names that the landing page uses."""
    return {
        "attribution_days": format_days(agreement.attribution_days),
        "validation_days": format_days(agreement.validation_days),
        "target_days": format_days(agreement.target_days),
        "cure_days": format_days(agreement.target_cure_days),
        "notice_days": format_days(agreement.change_notice_days),
        "reply_days": format_days(agreement.reply_days),
        "review_days": format_days(agreement.review_days),
        "appeal_days": format_days(agreement.appeal_days),
        "leaving_days": format_days(agreement.termination_notice_days),
    }


def list_figures(agreement: AgreementVersion, rates: list[Rate]) -> list[Figure]:
    """Return the terms that decide what an affiliate earns and when, from the click to the payout."""
    low, high = format_rate_range(rates)
    earning = [
        Figure(
            _("Attribution window"),
            format_days(agreement.attribution_days),
            _("from the click on your link to the order; your coupon needs no click"),
            get_clause_number(agreement.pk, Rule.ATTRIBUTION_DAYS),
        ),
        Figure(
            _("Commission"),
            low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high},
            _("of what the customer paid, by category, without shipping and tax"),
            get_clause_number(agreement.pk, Rule.RATE_CARD),
        ),
        Figure(
            _("Holding period"),
            format_days(agreement.validation_days),
            _("from the completed order until its commission can be paid"),
            get_clause_number(agreement.pk, Rule.VALIDATION_DAYS),
        ),
        Figure(
            _("Payouts"),
            _("monthly"),
            _("each month is closed on day %(day)d of the next, with an itemized statement")
            % {"day": agreement.close_day},
            get_clause_number(agreement.pk, Rule.MONTHLY_CLOSE),
        ),
        Figure(
            _("Payout threshold"),
            money(agreement.payout_minimum, agreement.currency),
            _("smaller balances roll over to the next month and are never lost"),
            get_clause_number(agreement.pk, Rule.PAYOUT_MINIMUM),
        ),
    ]
    return [*earning, *_list_conduct_figures(agreement)]


def _list_conduct_figures(agreement: AgreementVersion) -> list[Figure]:
    notice = Figure(
        _("Notice of changes"),
        format_days(agreement.change_notice_days),
        _("before a change that is worse for you takes effect, and only if you accept it"),
        get_clause_number(agreement.pk, Rule.CHANGE_NOTICE_DAYS),
    )
    if not agreement.target_orders:
        return [notice]
    target = Figure(
        _("Sales target"),
        ngettext("%(n)d order", "%(n)d orders", agreement.target_orders) % {"n": agreement.target_orders},
        ngettext(
            "in %(days)d day, to stay in the program", "in %(days)d days, to stay in the program", agreement.target_days
        )
        % {"days": agreement.target_days},
        get_clause_number(agreement.pk, Rule.SALES_TARGET),
    )
    return [target, notice]
