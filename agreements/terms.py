"""The terms of an agreement: what each is measured in, which way is better for the affiliate, how it reads (CONTRACT 2).

How a value reads goes into the text that affiliates accept, so it is in the language of that text whatever the reader's
is (agreements/languages), English unless another is asked for.
"""

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agreements.languages import ENGLISH, Wording

if TYPE_CHECKING:
    from agreements.models import AgreementVersion

Value = Decimal | int | str | None


class Unit(StrEnum):
    WORD = "word"
    PERCENT = "percent"
    MONEY = "money"
    DAYS = "days"
    YEARS = "years"
    DAY_OF_MONTH = "day of the month"
    ORDERS = "orders"


class Better(StrEnum):
    """Which change of a term is a benefit for the affiliate; the other way is a detriment."""

    MORE = "more"
    LESS = "less"
    NEITHER = "neither"


class Term(NamedTuple):
    unit: Unit
    better: Better
    help: Promise


TERMS: dict[str, Term] = {
    "currency": Term(Unit.WORD, Better.NEITHER, _("ISO 4217 code with two decimals; the same in every version.")),
    "time_zone": Term(Unit.WORD, Better.NEITHER, _("IANA name, such as Europe/Berlin; the same in every version.")),
    # Floor and ceiling bound promotions: a lower one lets the program pay less than it may today.
    "rate_floor": Term(Unit.PERCENT, Better.MORE, _("Percent, 0.00 to 100.00. No rate and no promotion is lower.")),
    "rate_ceiling": Term(Unit.PERCENT, Better.MORE, _("Percent, 0.00 to 100.00. No rate and no promotion is higher.")),
    "attribution_days": Term(Unit.DAYS, Better.MORE, _("Days, 1 to 90: from the click to the order.")),
    "order_commission_cap": Term(
        Unit.MONEY, Better.MORE, _("Most commission for one order, more than 0.00; empty for no limit.")
    ),
    "validation_days": Term(
        Unit.DAYS, Better.LESS, _("Days, 0 to 180: from completion of the order until its commission can be paid.")
    ),
    "close_day": Term(Unit.DAY_OF_MONTH, Better.LESS, _("Day of the next month, 1 to 28, on which a month closes.")),
    "payout_minimum": Term(Unit.MONEY, Better.LESS, _("Least balance that is paid out, 0.00 and up.")),
    "payout_details_hold_days": Term(
        Unit.DAYS, Better.LESS, _("Days, 0 to 60: from a change of payout details until money goes there.")
    ),
    "target_orders": Term(Unit.ORDERS, Better.LESS, _("Orders that the sales target asks for; 0 for no target.")),
    "target_days": Term(Unit.DAYS, Better.MORE, _("Days, 1 to 730, in which the orders of the target are counted.")),
    "target_cure_days": Term(
        Unit.DAYS, Better.MORE, _("Days, 0 to 365: from the notice of a missed target until a review opens.")
    ),
    "reply_days": Term(Unit.DAYS, Better.MORE, _("Days, 1 to 365, in which an affiliate may reply to a review.")),
    # Money named by a review is held for so long, so a longer time is worse.
    "review_days": Term(Unit.DAYS, Better.LESS, _("Days, 1 to 365, in which staff must decide a review.")),
    "appeal_days": Term(Unit.DAYS, Better.MORE, _("Days, 1 to 365, in which an affiliate may appeal.")),
    "change_notice_days": Term(
        Unit.DAYS, Better.MORE, _("Days, 0 to 365, before a change to the affiliate's detriment takes effect.")
    ),
    "termination_notice_days": Term(
        Unit.DAYS, Better.MORE, _("Days, 0 to 365, before a termination without breach takes effect.")
    ),
    # Longer keeps personal data longer, shorter loses the proof earlier: a detriment either way.
    "retention_years": Term(
        Unit.YEARS, Better.NEITHER, _("Years, 1 to 30, for which ledger, acceptances and decided reviews are kept.")
    ),
}
"""Every term but the rate card and the prohibited activities, in the order of the seed agreement's clauses."""


def get_term_value(agreement: "AgreementVersion", term: str) -> Value:
    """The value of `term` in a version, as the column has it."""
    value: Value = getattr(agreement, term)
    return value


def format_term_value(term: str, value: Value, currency: str, words: Wording = ENGLISH) -> str:
    """`value` of `term` as the text of an agreement says it: "3 days", "2.60 %", "16.00 USD", "no limit", "the 3rd"."""
    unit = TERMS[term].unit
    if value is None:
        return words.no_limit
    if unit is Unit.PERCENT:
        return words.format_percent(Decimal(value))
    if unit is Unit.MONEY:
        return words.format_money(Decimal(value), currency)
    if unit is Unit.DAY_OF_MONTH:
        return words.day_of_month(int(value))
    if unit is Unit.ORDERS and value == 0:
        return words.no_orders
    return str(value) if unit is Unit.WORD else words.format_count(int(value), unit.value)


format_percent = ENGLISH.format_percent
format_datetime = ENGLISH.format_datetime
